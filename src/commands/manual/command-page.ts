import type { CommandHelp } from '../../ui/index.js';
import { COMMANDS } from '../program/command-table.js';
import { describeCommand } from '../program/help.js';

/** A page of the manual: what `--help` says, and the line about the command. */
export interface CommandPage extends CommandHelp {
  readonly summary: string;
  /** Name of its file, without the extension: `system-df`. */
  readonly file: string;
}

/** A page for every command, in the order of `--help`, each after loading its definitions. */
export async function commandPages(): Promise<readonly CommandPage[]> {
  return Promise.all(
    COMMANDS.map(async (entry) => ({
      ...describeCommand(entry, await entry.load()),
      summary: entry.summary,
      file: entry.name.replaceAll(' ', '-'),
    })),
  );
}
