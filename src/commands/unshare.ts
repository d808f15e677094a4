import { unshare } from '../operations/unshare.js';
import { list } from './flags/flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Unshare extends BaseCommand<typeof Unshare> {
  static override usage = 'unshare [flags] [--] [COMMAND [ARGUMENT...]]';
  static override description =
    'Run a command, or the shell, in the user namespace of builds: files of all their users can be seen and removed there, and containers mounted.';
  static override examples = ['tsbuild unshare', "tsbuild unshare --mount ROOT=app-working-container sh -c 'ls -l $ROOT'"];
  static override flags = {
    mount: list({ char: 'm', value: '[VARIABLE=]CONTAINER', summary: 'Mount a working container meanwhile; the variable says where' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    const command = this.operands.length === 0 ? [services.settings.shell] : [...this.operands];
    const { exitCode } = await unshare({ command, mounts: this.flags.mount ?? [] }, services);
    return exitCode;
  }
}
