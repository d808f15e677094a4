import { UsageError } from '../../errors.js';
import { removeFromList } from '../../operations/manifests/change-list.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class ManifestRemove extends BaseCommand<typeof ManifestRemove> {
  static override usage = 'manifest remove LIST IMAGE';
  static override examples = ['tsbuild manifest remove app sha256:0123...'];
  static override flags = {};

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [name, image, ...more] = this.operands;
    if (name === undefined || image === undefined) throw new UsageError('you must specify a list and the digest of an image of it');
    if (more.length > 0) throw new UsageError('too many arguments specified');
    const { id, digest } = await removeFromList(name, image, services);
    this.terminal.out(`${id}: ${digest}\n`);
    return 0;
  }
}
