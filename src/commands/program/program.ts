import type { Config } from '@oclif/core/config';
import type { Environment } from '../../config/index.js';
import { UsageError } from '../../errors.js';
import { suggest } from '../../suggest.js';
import type { Terminal } from '../../ui/index.js';
import { flag } from '../flags/flags.js';
import { GLOBAL_FLAGS } from '../flags/global-flags.js';
import { type Host, reportError } from './base-command.js';
import { type CommandLine, parseCommandLine } from './command-line.js';
import { COMMANDS, type CommandEntry, findCommand, verbsOf } from './command-table.js';
import { commandHelp, programHelp } from './help.js';
import { refuseAbsentCommand } from './refused-commands.js';

export interface ProgramOptions {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly config: Config;
}

const PROGRAM_FLAGS = [() => GLOBAL_FLAGS, () => ({ version: flag({ char: 'v', summary: 'Show the version' }) })];

/**
 * Runs one command line to its end.
 *
 * @param argv words after the program's name
 * @returns the exit status; an error was shown already
 */
export async function runProgram(argv: readonly string[], options: ProgramOptions): Promise<number> {
  let traces = argv.includes('--debug');
  try {
    const line = parseCommandLine(PROGRAM_FLAGS, argv);
    const invocation = interpret(argv, line);
    if (invocation.entry === undefined) {
      options.terminal.out(programHelp());
      return 0;
    }
    const command = await invocation.entry.load();
    if (invocation.help) {
      options.terminal.out(commandHelp(invocation.entry, command));
      return 0;
    }
    const host: Host = { ...options, commands: COMMANDS };
    const instance = new command(invocation.argv, host);
    traces = instance.traces;
    if (!instance.wantsHelp) return await instance.run();
    options.terminal.out(commandHelp(invocation.entry, command));
    return 0;
  } catch (error) {
    return reportError(error, options.terminal, traces);
  }
}

interface Invocation {
  /** Undefined: the help of the program itself is wanted. */
  readonly entry: CommandEntry | undefined;
  readonly help: boolean;
  /** Words for the command: the global flags that stood before its name, then what stood after. */
  readonly argv: string[];
}

function interpret(argv: readonly string[], line: CommandLine): Invocation {
  const [name, ...rest] = line.operands;
  if (line.flags.version === true) return { entry: lookUp('version', []).entry, help: false, argv: ['--short'] };
  if (name === undefined) return { entry: undefined, help: true, argv: [] };
  if (name === 'help') return { entry: rest[0] === undefined ? undefined : lookUp(rest[0], rest.slice(1)).entry, help: true, argv: [] };
  const before = argv.slice(0, argv.length - line.operands.length).filter((word) => word !== '--');
  const { entry, words } = lookUp(name, rest);
  return { entry, help: line.flags.help === true, argv: [...before, ...words] };
}

/** The command that `name` begins, alone or with the word behind it, and the words that are left for it. */
function lookUp(name: string, rest: readonly string[]): { readonly entry: CommandEntry; readonly words: readonly string[] } {
  const [second, ...others] = rest;
  const nested = second === undefined ? undefined : findCommand(`${name} ${second}`);
  if (nested !== undefined) return { entry: nested, words: others };
  const entry = findCommand(name);
  if (entry !== undefined) return { entry, words: rest };
  const verbs = verbsOf(name);
  if (verbs.length > 0) {
    const problem =
      second === undefined || second.startsWith('-')
        ? `"tsbuild ${name}" needs a command`
        : `unknown command "${second}" for "tsbuild ${name}"`;
    throw new UsageError(problem, { hint: `There are: ${verbs.map((verb) => `tsbuild ${name} ${verb}`).join(', ')}` });
  }
  refuseAbsentCommand(name);
  const names = COMMANDS.flatMap((known) => [known.name, ...known.aliases]);
  const near = suggest(name, names);
  const hint = near === undefined ? 'tsbuild --help lists the commands' : `Did you mean "${near}"?`;
  throw new UsageError(`unknown command "${name}" for "tsbuild"`, { hint });
}
