import { UsageError } from '../errors.js';
import { listMounted, umountContainer } from '../operations/mount.js';
import { flag } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Umount extends BaseCommand<typeof Umount> {
  static override usage = 'umount [flags] CONTAINER [CONTAINER...]';
  static override description = 'Unmount the root file systems of working containers, and print the IDs of those that were mounted.';
  static override examples = ['tsbuild umount app-working-container', 'tsbuild umount --all'];
  static override flags = { all: flag({ char: 'a', summary: 'Unmount all that are mounted' }) };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { all = false } = this.flags;
    if (all && this.operands.length > 0) throw new UsageError('when using the --all switch, you may not pass any container IDs');
    if (!all && this.operands.length === 0) throw new UsageError('at least one container ID must be specified');
    const containers = all ? (await listMounted(services)).map(({ id }) => id) : this.operands;
    for (const container of containers) {
      const id = await umountContainer(container, services);
      if (id !== undefined) this.terminal.out(`${id}\n`);
    }
    return 0;
  }
}
