import { constants } from 'node:os';
import { loadAddon, type RawExit } from './addon.js';
import { closeFd } from './files.js';
import type { Fd, Path } from './paths.js';

export interface SpawnOptions {
  /** Program, absolute or relative to the working directory; PATH is not searched. */
  readonly file: Path;
  /** All arguments, `argv[0]` included. */
  readonly argv: readonly Path[];
  /** `NAME=value`; nothing is inherited. */
  readonly env: readonly Path[];
  /** What becomes descriptors 0, 1 and 2. */
  readonly stdio: readonly [Fd, Fd, Fd];
  /** Further descriptors, each under a number of at least 3. Every descriptor not named here is closed in the child. */
  readonly fds: readonly { readonly fd: Fd; readonly as: number }[];
  readonly cwd?: Path | undefined;
  /** A pipe that is read to its end on the thread that waits for the process; closed there when this succeeds. */
  readonly collect?: Fd | undefined;
}

/** How a process ended, and what it used (its own waited-for children included). */
export interface ProcessExit {
  /** Exit status, or null when a signal ended it. */
  readonly code: number | null;
  /** Name of the signal (`SIGKILL`), or null. */
  readonly signal: string | null;
  /** Largest resident set of one process, in KiB. */
  readonly maxRssKiB: number;
  readonly userMs: number;
  readonly systemMs: number;
  /** All that came through `collect`. */
  readonly collected: Buffer;
}

export interface Child {
  readonly pid: number;
  /** Resolves when the process has ended and is reaped, and `collect` is at its end; never rejects for how it ended. */
  readonly exited: Promise<ProcessExit>;
  /** Send a signal by name. False when the process has ended; never reaches another process that got its number. */
  kill(signal: NodeJS.Signals): boolean;
}

/**
 * Start a program by vfork and exec: about a millisecond however large this process has grown, where `node:child_process`
 * copies page tables for up to ten. Signals are unblocked and at their defaults in the child. When this returns the program runs.
 *
 * @throws ENOENT, EACCES, ... with the path of the program or of `cwd`
 * @see https://man7.org/linux/man-pages/man2/vfork.2.html and https://man7.org/linux/man-pages/man2/pidfd_send_signal.2.html
 */
export function spawn(options: SpawnOptions): Child {
  const descriptors = options.stdio.flatMap((fd, as) => [fd, as]);
  for (const { fd, as } of options.fds) {
    if (as < 3) throw new RangeError(`Descriptor ${as} of the child belongs to stdio`);
    descriptors.push(fd, as);
  }
  const { pid, pidfd, exited } = loadAddon().spawn(options.file, options.argv, options.env, descriptors, options.cwd, options.collect);
  let ended = false;
  return {
    pid,
    exited: exited
      .finally(() => {
        ended = true;
        closeFd(pidfd);
      })
      .then(describeExit),
    kill: (signal) => !ended && loadAddon().pidfdSendSignal(pidfd, signalNumber(signal)),
  };
}

function describeExit(exit: RawExit): ProcessExit {
  const { maxRssKiB, userMs, systemMs, collected } = exit;
  const signal = exit.signal === 0 ? null : signalName(exit.signal);
  return { code: signal === null ? exit.code : null, signal, maxRssKiB, userMs, systemMs, collected };
}

function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}

function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `SIG${number}`; // real-time signals have no names
}
