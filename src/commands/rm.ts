import { UsageError } from '../errors.js';
import { removeContainers } from '../operations/remove-container.js';
import { flag } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Rm extends BaseCommand<typeof Rm> {
  static override usage = 'rm [flags] CONTAINER [CONTAINER...]';
  static override examples = ['tsbuild rm app-working-container', 'tsbuild rm --all'];
  static override flags = { all: flag({ char: 'a', summary: 'Remove all working containers' }) };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { all = false } = this.flags;
    if (!all && this.operands.length === 0) throw new UsageError('container ID must be specified');
    if (all && this.operands.length > 0) throw new UsageError('when using the --all switch, you may not pass any containers names or IDs');
    const ids = await removeContainers({ names: this.operands, all }, services);
    for (const id of ids) this.terminal.out(`${id}\n`);
    return 0;
  }
}
