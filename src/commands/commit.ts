import { readContainersConf } from '../config/index.js';
import { UsageError } from '../errors.js';
import { commitContainer } from '../operations/commit.js';
import { readScanOptions } from '../operations/sbom/scan-options.js';
import { COMPRESSION_FLAGS, chosenCompression } from './flags/compression-flags.js';
import { flag, list, text, wholeNumber } from './flags/flags.js';
import { parseKeyValues } from './flags/key-values.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { parsePullPolicy } from './flags/pull-policy.js';
import { refusedFlags } from './flags/refused-flags.js';
import { REGISTRY_FLAGS, registryAccess } from './flags/registry-flags.js';
import { SBOM_FLAGS, scanFlags } from './flags/sbom-flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

const REFUSED = {
  'blob-cache': 'blobs are kept in the store',
  cw: 'images for confidential workloads are not made',
  'encrypt-layer': 'layers are not encrypted',
  'encryption-key': 'layers are not encrypted',
  'reference-time': 'use --timestamp',
  'sign-by': 'the store keeps no signatures; push --sign-by signs what is pushed',
};

export class Commit extends BaseCommand<typeof Commit> {
  static override usage = 'commit [flags] CONTAINER [IMAGE]';
  static override description =
    'Make an image of a working container, which stays, and print its ID. IMAGE is a name for the store, or a place such as docker://HOST/NAME, oci:DIR or docker-archive:FILE.';
  static override examples = [
    'tsbuild commit app-working-container app:1.2',
    'tsbuild commit --rm --squash app-working-container docker://registry.example.com/team/app',
    'tsbuild commit --change \'CMD ["serve"]\' --add-file ./build.json:/etc/build.json app-working-container app',
  ];
  static override flags = {
    'add-file': list({ value: 'SOURCE[:DESTINATION]', summary: 'Add a file to the image, not to the container' }),
    annotation: list({ value: 'NAME=VALUE', summary: "Annotation of the image's manifest" }),
    change: list({ char: 'c', value: 'INSTRUCTION', summary: 'Change the configuration by an instruction of a Containerfile' }),
    config: text({ value: 'path', summary: 'Merge the configuration in this JSON file into that of the container' }),
    'created-annotation': flag({ negatable: true, summary: 'Annotate the manifest with the time of the image (default)' }),
    'disable-compression': flag({ char: 'D', hidden: true, summary: 'Without effect: layers are kept compressed' }),
    'force-compression': flag({ summary: "Compress the base's layers too, where they are compressed in another way" }),
    format: text({ char: 'f', value: 'oci|docker', summary: 'Format of the image (default: oci)' }),
    'identity-label': flag({ negatable: true, summary: 'Label the image with the version of tsbuild (default, unless a time is given)' }),
    iidfile: text({ value: 'path', summary: 'Write the ID of the image to this file instead of showing it' }),
    manifest: text({ value: 'NAME', summary: 'Add the image to this index of platforms; it is made if there is none' }),
    'metadata-file': text({ value: 'path', summary: 'Write digests and names of the image to this file, as JSON' }),
    'omit-history': flag({ summary: 'Leave the history out of the image' }),
    'omit-timestamp': flag({ hidden: true, summary: 'As --timestamp 0' }),
    pull: text({ value: 'always|missing|never|newer', summary: 'When to ask registries for the image of a scanner (default: missing)' }),
    quiet: flag({ char: 'q', summary: 'Show no transfers' }),
    'rewrite-timestamp': flag({ summary: 'No file in the new layer is younger than --source-date-epoch' }),
    rm: flag({ summary: 'Remove the container when the image is made' }),
    'source-date-epoch': wholeNumber({ value: 'SECONDS', summary: 'Time of the image and its history (default: $SOURCE_DATE_EPOCH)' }),
    squash: flag({ summary: 'Make one layer of everything, the base included' }),
    timestamp: wholeNumber({ value: 'SECONDS', summary: 'Time of the image and of every file in its new layer' }),
    unsetannotation: list({ value: 'NAME', summary: 'Leave this annotation out' }),
    unsetenv: list({ value: 'NAME', summary: 'Leave this environment variable out' }),
  };
  static override moreFlags = [() => REGISTRY_FLAGS, () => COMPRESSION_FLAGS, () => SBOM_FLAGS, () => refusedFlags(REFUSED)];
  static override readonly bareValues = { pull: 'true' };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { flags } = this;
    const [container, image, ...more] = this.operands;
    if (container === undefined) throw new UsageError('container ID must be specified');
    if (more.length > 0) throw new UsageError('too many arguments specified');
    if (flags['omit-timestamp'] === true && flags.timestamp !== undefined)
      throw new UsageError('--omit-timestamp and --timestamp can not be used together');
    const result = await commitContainer(
      {
        container,
        image,
        format: readFormat(flags.format ?? services.settings.format),
        squash: flags.squash ?? false,
        remove: flags.rm ?? false,
        manifest: flags.manifest,
        compression: chosenCompression(flags, await readContainersConf(services.settings)),
        forceCompression: flags['force-compression'] ?? false,
        changes: flags.change ?? [],
        configFile: flags.config,
        addFiles: flags['add-file'] ?? [],
        annotations: parseKeyValues(flags.annotation ?? [], 'annotation'),
        unsetAnnotations: flags.unsetannotation ?? [],
        unsetEnv: flags.unsetenv ?? [],
        omitHistory: flags['omit-history'] ?? false,
        identityLabel: flags['identity-label'],
        createdAnnotation: flags['created-annotation'] ?? true,
        timestamp: flags['omit-timestamp'] === true ? 0 : flags.timestamp,
        sourceDateEpoch: flags['source-date-epoch'],
        rewriteTimestamp: flags['rewrite-timestamp'],
        iidFile: flags.iidfile,
        metadataFile: flags['metadata-file'],
        scan: readScanOptions(scanFlags(flags)),
        pull: parsePullPolicy(flags.pull ?? 'missing'),
        ...registryAccess(flags),
      },
      services,
    );
    // As with Buildah, an image that is only elsewhere has no ID here.
    if (flags.iidfile === undefined && result.isStored) this.terminal.out(`${result.imageId}\n`);
    return 0;
  }
}

function readFormat(text: string): 'oci' | 'docker' {
  if (text !== 'oci' && text !== 'docker')
    throw new UsageError(`unrecognized image type ${JSON.stringify(text)}`, { hint: 'Use oci or docker' });
  return text;
}
