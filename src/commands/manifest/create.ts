import { UsageError } from '../../errors.js';
import { createList } from '../../operations/manifests/change-list.js';
import { flag, list, text } from '../flags/flags.js';
import { parseKeyValues } from '../flags/key-values.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { REGISTRY_FLAGS, registryAccess } from '../flags/registry-flags.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class ManifestCreate extends BaseCommand<typeof ManifestCreate> {
  static override usage = 'manifest create [flags] LIST [IMAGE...]';
  static override description = 'Make a list of images for several platforms, empty or of the images that are named, and print its ID.';
  static override examples = ['tsbuild manifest create app', 'tsbuild manifest create --all app docker://quay.io/team/app:1'];
  static override flags = {
    ...REGISTRY_FLAGS,
    all: flag({ summary: 'Add all images of lists among the images' }),
    amend: flag({ summary: 'Add to the list if there is one of that name' }),
    annotation: list({ value: 'NAME=VALUE', summary: 'Annotation of the list' }),
    replace: flag({ summary: 'Make a new list even if the name is taken' }),
    arch: text({ hidden: true, summary: 'Architecture of the images to take from lists' }),
    os: text({ hidden: true, summary: 'Operating system of the images to take from lists' }),
    insecure: flag({ hidden: true, summary: 'As --tls-verify=false' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { flags } = this;
    const [name, ...images] = this.operands;
    if (name === undefined) throw new UsageError('at least a name must be specified for the list');
    if (flags.amend === true && flags.replace === true) throw new UsageError('--amend and --replace exclude each other');
    const access = registryAccess(flags);
    const id = await createList(
      {
        ...access,
        tlsVerify: flags.insecure === true ? false : access.tlsVerify,
        list: name,
        images,
        all: flags.all ?? false,
        amend: flags.amend ?? false,
        replace: flags.replace ?? false,
        annotations: parseKeyValues(flags.annotation ?? [], 'annotation'),
        platform: {
          ...(flags.os === undefined ? {} : { os: flags.os }),
          ...(flags.arch === undefined ? {} : { architecture: flags.arch }),
        },
      },
      services,
    );
    this.terminal.out(`${id}\n`);
    return 0;
  }
}
