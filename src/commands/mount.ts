import { listMounted, type MountedContainer, mountContainer } from '../operations/mount.js';
import { flag } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Mount extends BaseCommand<typeof Mount> {
  static override usage = 'mount [flags] [CONTAINER...]';
  static override description =
    'Mount the root file systems of working containers and print where; without CONTAINER list those that are mounted. An ordinary user does this inside "tsbuild unshare".';
  static override examples = ['tsbuild mount app-working-container', "tsbuild unshare sh -c 'ls $(tsbuild mount app-working-container)'"];
  static override flags = { json: flag({ summary: 'Show JSON' }) };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    if (this.operands.length === 0) {
      const mounted = await listMounted(services);
      this.show(mounted, ({ name, mountPoint }) => `${name} ${mountPoint}`);
      return 0;
    }
    const mounted: MountedContainer[] = [];
    for (const container of this.operands) mounted.push(await mountContainer(container, services));
    const isOne = mounted.length === 1;
    this.show(mounted, ({ mountPoint }, at) => (isOne ? mountPoint : `${this.operands[at]} ${mountPoint}`));
    return 0;
  }

  private show(mounted: readonly MountedContainer[], line: (container: MountedContainer, at: number) => string): void {
    if (this.flags.json !== true) {
      for (const [at, container] of mounted.entries()) this.terminal.out(`${line(container, at)}\n`);
      return;
    }
    const listing = this.operands.length === 0;
    const documents = mounted.map(({ name, mountPoint }) => ({ ...(listing ? { container: name } : {}), mountPoint }));
    this.terminal.out(`${JSON.stringify(documents, null, 4)}\n`);
  }
}
