import { UsageError } from '../errors.js';
import { removeContainers } from '../operations/remove-container.js';
import { flag } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Rm extends BaseCommand<typeof Rm> {
  static override usage = 'rm [flags] CONTAINER [CONTAINER...]';
  static override description = 'Remove working containers with everything in them, and print their IDs.';
  static override examples = ['tsbuild rm app-working-container', 'tsbuild rm --all'];
  static override flags = { all: flag({ char: 'a', summary: 'Remove all working containers' }) };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { all = false } = this.flags;
    if (!all && this.operands.length === 0) throw new UsageError('container ID must be specified');
    if (all && this.operands.length > 0) throw new UsageError('when using the --all switch, you may not pass any containers names or IDs');
    const { removed, failures } = await removeContainers({ names: this.operands, all }, services);
    for (const id of removed) this.terminal.out(`${id}\n`);
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures);
    return 0;
  }
}
