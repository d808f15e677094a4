import { UsageError } from '../../errors.js';
import { loadImages } from '../../operations/image/load.js';
import { flag, text } from '../flags/flags.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class Load extends BaseCommand<typeof Load> {
  static override usage = 'load [flags]';
  static override description =
    'Bring every image of an archive into the store: one that save, podman save or docker save wrote, or an OCI layout, packed or not. The archive may be compressed.';
  static override examples = ['tsbuild load -i app.tar', 'docker save app | tsbuild load'];
  static override flags = {
    input: text({ char: 'i', value: 'path', summary: 'Archive or directory to read (default: standard input)' }),
    quiet: flag({ char: 'q', summary: 'Show no transfers' }),
    'signature-policy': text({ value: 'path', hidden: true, summary: 'Use this policy.json, and no other' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    if (this.operands.length > 0) throw new UsageError('load takes no arguments: name the archive with --input');
    const { input } = this.flags;
    if (input === undefined && process.stdin.isTTY)
      throw new UsageError('cannot read from terminal. Use command-line redirection or the --input flag');
    for (const name of await loadImages(input ?? process.stdin, services)) this.terminal.out(`Loaded image: ${name}\n`);
    return 0;
  }
}
