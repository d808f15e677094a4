import { constants } from 'node:os';
import { Command } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';
import type { InferredFlags } from '@oclif/core/interfaces';
import { type Environment, loadSettings, type Settings } from '../../config/index.js';
import { hasCode } from '../../errors.js';
import type { Reporter } from '../../progress.js';
import { formatError, OutputClosedError, type Terminal, TransferReporter } from '../../ui/index.js';
import type { KnownCommand } from '../completion/known-command.js';
import type { FlagSet } from '../flags/flags.js';
import { GLOBAL_FLAGS } from '../flags/global-flags.js';
import { parseCommandLine } from './command-line.js';
import { InterruptedError, signalStatus, withInterruption } from './interruption.js';

/** What a command is given by the program that starts it. */
export interface Host {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly config: Config;
  /** All there are, for the one that completes their names. */
  readonly commands: readonly KnownCommand[];
}

/** The services of an operation, as `operations` defines them. */
export interface CommandServices {
  readonly settings: Settings;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** What a command's class says of its flags. */
export interface WithFlags {
  readonly flags: object;
  readonly moreFlags: readonly (() => object)[];
}

type Intersection<Union> = (Union extends unknown ? (part: Union) => void : never) extends (whole: infer Whole) => void ? Whole : never;
type MoreFlags<T extends WithFlags> = Omit<Intersection<ReturnType<T['moreFlags'][number]>>, keyof T['flags']>;

export interface CommandClass extends FlagSet {
  new (argv: string[], host: Host): BaseCommand<WithFlags>;
  readonly usage: string;
  readonly summary: string;
  readonly description: string;
  readonly examples: string[];
  readonly bareValues: Readonly<Record<string, string>>;
}

/**
 * One verb of the command line: its flags, and how its answer is shown. A subclass says in static fields what it accepts and
 * works in `execute`; reading flags and settings, signals, errors and the exit status are here.
 */
export abstract class BaseCommand<T extends WithFlags> extends Command {
  /** The line of `--help` that shows where flags and operands go. */
  static override usage = '';
  static override summary = '';
  static override description = '';
  static override examples: string[] = [];
  /** Flags beside `flags`, made when one is asked for that is not among those before it. */
  static readonly moreFlags: readonly (() => Readonly<Record<never, never>>)[] = [];
  /** Flags that may stand without their value; see `parseCommandLine`. */
  static readonly bareValues: Readonly<Record<string, string>> = {};

  protected readonly flags: InferredFlags<typeof GLOBAL_FLAGS> & InferredFlags<T['flags'] & MoreFlags<T>>;
  protected readonly operands: readonly string[];
  protected readonly terminal: Terminal;

  constructor(
    argv: string[],
    protected readonly host: Host,
  ) {
    super(argv, host.config);
    const { flags, moreFlags, bareValues } = new.target as unknown as CommandClass;
    const line = parseCommandLine([() => flags, () => GLOBAL_FLAGS, ...moreFlags], argv, { bareValues });
    // The definitions say which types the parser gives; TypeScript cannot follow it there.
    this.flags = line.flags as typeof this.flags;
    this.operands = line.operands;
    this.terminal = host.terminal;
  }

  get wantsHelp(): boolean {
    return (this.flags as { help?: boolean }).help === true;
  }

  get traces(): boolean {
    const { debug, 'log-level': level } = this.flags as { debug?: boolean; 'log-level'?: string };
    return debug === true || level === 'debug' || level === 'trace';
  }

  /** @returns the exit status: 0, or that of a command that was run for the user */
  protected abstract execute(services: CommandServices): Promise<number>;

  /** What shows the progress of the operation. A command with more to show than transfers has its own. */
  protected openReporter(settings: Settings): Reporter {
    const { quiet } = this.flags as { quiet?: boolean };
    return new TransferReporter(this.terminal, { quiet: quiet === true, warnings: showsWarnings(settings) });
  }

  async run(): Promise<number> {
    const settings = await loadSettings(this.host.environment, this.flags);
    return withInterruption((signal) => this.execute({ settings, reporter: this.openReporter(settings), signal }));
  }
}

export function showsWarnings(settings: Settings): boolean {
  return !['error', 'fatal', 'panic'].includes(settings.logLevel);
}

/** Everything that went wrong, short of a command with a status of its own. */
const FAILURE = 125;
const CLOSED_PIPE = 141; // 128 + SIGPIPE

/**
 * Shows an error and answers the exit status: that of the RUN command that failed, 128 and the signal's number when one ended
 * it or the user interrupted us, 125 for everything else.
 *
 * @param traces whether to show where in the program it happened
 */
export async function reportError(error: unknown, terminal: Terminal, traces: boolean): Promise<number> {
  // A reader that has seen enough, as `head`, ends the program the way SIGPIPE ends others.
  if (error instanceof OutputClosedError) return CLOSED_PIPE;
  try {
    terminal.err(error instanceof InterruptedError ? 'Interrupted\n' : await formatError(error, traces));
  } catch (failure) {
    if (!(failure instanceof OutputClosedError)) throw failure;
  }
  if (error instanceof InterruptedError) return signalStatus(error.signal);
  return hasCode(error, 'STEP_FAILED') ? stepStatus(error) : FAILURE;
}

function stepStatus(error: unknown): number {
  const { exitCode, signal } = error as { exitCode?: unknown; signal?: unknown };
  if (typeof exitCode === 'number' && exitCode > 0) return exitCode;
  const number = typeof signal === 'string' ? constants.signals[signal as NodeJS.Signals] : undefined;
  return number === undefined ? FAILURE : 128 + number;
}
