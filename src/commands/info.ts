import { info } from '../operations/info.js';
import { executeTemplate, isOutputShown } from '../ui/index.js';
import { flag, text } from './flags/flags.js';
import { refuseOperands } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Info extends BaseCommand<typeof Info> {
  static override usage = 'info [flags]';
  static override examples = ['tsbuild info', "tsbuild info --format '{{.store.GraphRoot}}'"];
  static override flags = {
    debug: flag({ char: 'd', summary: 'Show versions too' }),
    format: text({ summary: 'Show what a Go template says' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseOperands('info', this.operands);
    const document = await info({ debug: this.flags.debug === true }, services);
    const { format } = this.flags;
    this.terminal.out(
      format === undefined
        ? `${JSON.stringify(document, null, 4)}\n`
        : executeTemplate(format, document, { isMap: true }) + (isOutputShown() ? '\n' : ''),
    );
    return 0;
  }
}
