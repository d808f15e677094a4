import { UsageError } from '../errors.js';
import { SHELL_SCRIPTS, SHELLS, type Shell } from './completion/shell-scripts.js';
import { refuseFlagsAmong, refuseMoreThan } from './flags/operands.js';
import { BaseCommand } from './program/base-command.js';

export class Completion extends BaseCommand<typeof Completion> {
  static override usage = 'completion bash|zsh|fish';
  static override description =
    'Print a script that lets a shell complete commands, flags, and the names of images, working containers and stages.';
  static override examples = [
    'source <(tsbuild completion bash)',
    'source <(tsbuild completion zsh)',
    'tsbuild completion fish | source',
    'tsbuild completion bash >/etc/bash_completion.d/tsbuild',
  ];
  static override flags = {};

  protected async execute(): Promise<number> {
    refuseFlagsAmong(this.operands);
    refuseMoreThan(1, this.operands);
    const [shell] = this.operands;
    if (!isShell(shell)) {
      const problem = shell === undefined ? 'a shell must be specified' : `unknown shell "${shell}"`;
      throw new UsageError(problem, { hint: `There are: ${SHELLS.join(', ')}` });
    }
    this.terminal.out(SHELL_SCRIPTS[shell]);
    return 0;
  }
}

function isShell(word: string | undefined): word is Shell {
  return SHELLS.some((shell) => shell === word);
}
