import { readSettings } from '../../config/index.js';
import { GLOBAL_FLAGS } from '../flags/global-flags.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';
import { parseCommandLine } from '../program/command-line.js';
import { completionsOf } from './candidates.js';

/** What the scripts of `tsbuild completion` ask. */
export class Complete extends BaseCommand<typeof Complete> {
  static override usage = '__complete -- WORD...';
  static override flags = {};

  protected async execute(services: CommandServices): Promise<number> {
    const words = this.operands;
    const settings = readSettings(this.host.environment, { ...this.flags, ...globalFlagsOf(words.slice(0, -1)) });
    const { files, candidates } = await completionsOf(words, this.host.commands, { ...services, settings });
    const lines = candidates.map(({ word, about }) => (about ? `${word}\t${about}` : word));
    this.terminal.out(`${[files ? 'files' : 'words', ...lines].join('\n')}\n`);
    return 0;
  }
}

/** Flags before the command's name choose the store. A line that is not finished may not be readable: then the usual store. */
function globalFlagsOf(words: readonly string[]): object {
  try {
    return parseCommandLine([() => GLOBAL_FLAGS], words).flags;
  } catch {
    return {};
  }
}
