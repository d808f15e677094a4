import { UsageError } from '../errors.js';
import { renameContainer } from '../operations/rename.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Rename extends BaseCommand<typeof Rename> {
  static override usage = 'rename CONTAINER NAME';
  static override examples = ['tsbuild rename app-working-container work'];
  static override flags = {};

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [container, name, ...more] = this.operands;
    if (container === undefined || name === undefined || more.length > 0)
      throw new UsageError(`accepts 2 arg(s), received ${this.operands.length}`);
    await renameContainer({ container, name }, services);
    return 0;
  }
}
