import { unshare } from '../operations/unshare.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Unshare extends BaseCommand<typeof Unshare> {
  static override usage = 'unshare [flags] [--] [COMMAND [ARGUMENT...]]';
  static override description =
    'Run a command, or the shell, in the user namespace of builds: files of all their users can be seen and removed there.';
  static override examples = ['tsbuild unshare', 'tsbuild unshare ls -ln ~/.local/share/tsbuild'];
  static override flags = {};

  protected async execute(services: CommandServices): Promise<number> {
    const command = this.operands.length === 0 ? [services.settings.shell] : [...this.operands];
    const { exitCode } = await unshare({ command }, services);
    return exitCode;
  }
}
