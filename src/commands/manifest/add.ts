import { UsageError } from '../../errors.js';
import { addArtifact, addToList } from '../../operations/manifests/change-list.js';
import { ENTRY_FLAGS, entryChanges } from '../flags/entry-flags.js';
import { flag, list, text } from '../flags/flags.js';
import { parseKeyValues } from '../flags/key-values.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { REGISTRY_FLAGS, registryAccess } from '../flags/registry-flags.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class ManifestAdd extends BaseCommand<typeof ManifestAdd> {
  static override usage = 'manifest add [flags] LIST IMAGE|FILE...';
  static override description =
    'Add an image to a list: one of the store, or of a registry or another place, from where it is brought into the store. Of a list, the image for this machine or for --os, --arch and --variant is added, or all with --all.';
  static override examples = [
    'tsbuild manifest add app app-arm64',
    'tsbuild manifest add --all app docker://quay.io/team/app:1',
    'tsbuild manifest add --artifact --artifact-type application/spdx+json app sbom.json',
  ];
  static override flags = {
    ...REGISTRY_FLAGS,
    ...ENTRY_FLAGS,
    all: flag({ summary: 'Add all images if the image is a list' }),
    artifact: flag({ summary: 'Add files, as an artifact' }),
    'artifact-annotation': list({ value: 'NAME=VALUE', summary: "Annotation of the artifact's manifest" }),
    'artifact-config': text({ value: 'FILE', summary: 'Configuration of the artifact' }),
    'artifact-config-type': text({ value: 'TYPE', summary: 'Media type of its configuration' }),
    'artifact-exclude-titles': flag({ summary: "Do not keep the files' names" }),
    'artifact-layer-type': text({ value: 'TYPE', summary: 'Media type of the files' }),
    'artifact-subject': text({ value: 'IMAGE', summary: 'Image the artifact is about' }),
    'artifact-type': text({ value: 'TYPE', summary: 'Type of the artifact' }),
    insecure: flag({ hidden: true, summary: 'As --tls-verify=false' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { flags } = this;
    const [name, image, ...more] = this.operands;
    if (name === undefined || image === undefined) throw new UsageError('you must specify a list and an image or artifact file');
    const access = registryAccess(flags);
    const options = {
      ...access,
      tlsVerify: flags.insecure === true ? false : access.tlsVerify,
      list: name,
      all: flags.all ?? false,
      changes: entryChanges(flags),
    };
    if (flags.artifact !== true) {
      if (more.length > 0) throw new UsageError('too many arguments specified');
      const misplaced = Object.keys(flags).find((flagName) => flagName.startsWith('artifact-'));
      if (misplaced !== undefined) throw new UsageError(`--${misplaced} requires --artifact`);
      return this.show(await addToList(image, options, services));
    }
    const artifact = {
      artifactType: flags['artifact-type'],
      config: flags['artifact-config'],
      configType: flags['artifact-config-type'],
      layerType: flags['artifact-layer-type'],
      subject: flags['artifact-subject'],
      manifestAnnotations: parseKeyValues(flags['artifact-annotation'] ?? [], 'artifact-annotation'),
      excludeTitles: flags['artifact-exclude-titles'] ?? false,
    };
    return this.show(await addArtifact([image, ...more], { ...options, ...artifact }, services));
  }

  private show({ id, digest }: { readonly id: string; readonly digest: string }): number {
    this.terminal.out(`${id}: ${digest}\n`);
    return 0;
  }
}
