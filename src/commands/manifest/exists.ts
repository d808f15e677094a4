import { UsageError } from '../../errors.js';
import { listExists } from '../../operations/manifests/change-list.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class ManifestExists extends BaseCommand<typeof ManifestExists> {
  static override usage = 'manifest exists LIST';
  static override description = 'Exit with status 0 if the store has a list of that name, and with 1 if it has not.';
  static override examples = ['tsbuild manifest exists app || tsbuild manifest create app'];
  static override flags = {};

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [name, ...more] = this.operands;
    if (name === undefined || more.length > 0) throw new UsageError(`accepts 1 arg(s), received ${this.operands.length}`);
    return (await listExists(name, services)) ? 0 : 1;
  }
}
