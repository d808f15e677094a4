import { readContainersConf } from '../../config/index.js';
import { UsageError } from '../../errors.js';
import { listExists } from '../../operations/manifests/change-list.js';
import { push } from '../../operations/push.js';
import { COMPRESSION_FLAGS, chosenCompression } from '../flags/compression-flags.js';
import { flag, list, text } from '../flags/flags.js';
import { chosenFormat } from '../flags/manifest-format.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { REGISTRY_FLAGS, registryAccess } from '../flags/registry-flags.js';
import { SIGN_FLAGS } from '../flags/sign-flags.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class ManifestPush extends BaseCommand<typeof ManifestPush> {
  static override usage = 'manifest push [flags] LIST [DESTINATION]';
  static override description =
    'Copy a list, with its images, to a registry or another place. Without DESTINATION, to the registry its name says.';
  static override examples = [
    'tsbuild manifest push app docker://registry.example.com/team/app:1',
    'tsbuild manifest push --add-compression zstd app docker://registry.example.com/team/app:1',
  ];
  static override flags = {
    ...REGISTRY_FLAGS,
    ...COMPRESSION_FLAGS,
    ...SIGN_FLAGS,
    'add-compression': list({ value: 'gzip|zstd', summary: 'Add images with layers compressed in this way too' }),
    all: flag({ summary: 'Also push the images of the list (default); with =false they must be there already' }),
    digestfile: text({ value: 'path', summary: 'Write the digest of the pushed list to this file' }),
    'force-compression': flag({ summary: 'Compress layers again that are compressed in another way' }),
    format: text({ char: 'f', value: 'oci|v2s2', summary: 'Format of the list and its images' }),
    insecure: flag({ hidden: true, summary: 'As --tls-verify=false' }),
    quiet: flag({ char: 'q', summary: 'Show no transfers' }),
    'remove-signatures': flag({ hidden: true, summary: 'Without effect: signatures are not kept' }),
    rm: flag({ aliases: ['purge'], summary: 'Remove the list from the store once it is pushed' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { flags } = this;
    const [name, destination, ...more] = this.operands;
    if (name === undefined) throw new UsageError('at least a source list ID must be specified');
    if (more.length > 0) throw new UsageError('too many arguments specified');
    if (!(await listExists(name, services))) throw new UsageError(`${name}: image not known, or it is not a manifest list`);
    const access = registryAccess(flags);
    const conf = await readContainersConf(services.settings, ['add_compression']);
    await push(
      {
        ...access,
        tlsVerify: flags.insecure === true ? false : access.tlsVerify,
        image: name,
        destination,
        format: chosenFormat(flags.format),
        compression: chosenCompression(flags),
        forceCompression: flags['force-compression'],
        addCompression: (flags['add-compression'] ?? conf.addCompression ?? []).flatMap((words) => words.split(',')).map(readCompression),
        indexOnly: flags.all === false,
        digestFile: flags.digestfile,
        signBy: flags['sign-by'],
        remove: flags.rm,
      },
      services,
    );
    return 0;
  }
}

/** Of the flag, or of containers.conf. */
function readCompression(word: string): 'gzip' | 'zstd' {
  if (word === 'gzip' || word === 'zstd') return word;
  throw new UsageError(`invalid argument ${JSON.stringify(word)} for "--add-compression" flag: it must be one of gzip, zstd`);
}
