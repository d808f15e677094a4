import { type CommandHelp, type FlagHelp, formatCommandHelp, formatProgramHelp } from '../../ui/index.js';
import { definitionsOf, type FlagShape } from '../flags/flags.js';
import { GLOBAL_FLAGS } from '../flags/global-flags.js';
import type { CommandClass } from './base-command.js';
import { COMMANDS, type CommandEntry } from './command-table.js';

/** `tsbuild COMMAND --help`. */
export function commandHelp(entry: CommandEntry, command: CommandClass): string {
  return formatCommandHelp(describeCommand(entry, command));
}

/** What there is to say about a command, without flags that are hidden. */
export function describeCommand(entry: CommandEntry, command: CommandClass): CommandHelp {
  return {
    name: entry.name,
    aliases: entry.aliases,
    usage: command.usage,
    description: command.description || entry.summary,
    examples: command.examples,
    flags: describeFlags(definitionsOf(command)),
    globalFlags: describeFlags(GLOBAL_FLAGS),
  };
}

/** `tsbuild --help`. */
export function programHelp(): string {
  const version: FlagHelp = { name: 'version', char: 'v', value: undefined, summary: 'Show the version' };
  return formatProgramHelp(COMMANDS, [...describeFlags(GLOBAL_FLAGS), version]);
}

export function describeFlags(flags: Readonly<Record<string, FlagShape>>): readonly FlagHelp[] {
  const shown = Object.entries(flags).filter(([, definition]) => definition.hidden !== true);
  return shown.map(([name, definition]) => ({
    name,
    char: definition.char,
    value: definition.type === 'boolean' ? undefined : String(definition.helpValue ?? 'string'),
    summary: definition.summary ?? '',
  }));
}
