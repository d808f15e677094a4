import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { UnsupportedFeatureError } from '../../errors.js';
import { nativeFile, pipe, spawn } from '../../sys/index.js';
import type { OciIsolation } from '../isolation.js';
import type { SandboxPlan, SandboxResult } from '../plan.js';
import { readEach } from '../read-each.js';
import { endOnAbort, type RunOptions } from '../run-options.js';
import { parseStatus, signalName } from '../status.js';
import { openBundle } from './bundle.js';
import { RuntimeError } from './errors.js';

const STATUS_FD = 3;
const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

let count = 0;

/**
 * Run one command by a runtime of OCI: create, start, wait, delete.
 *
 * @throws {RuntimeError} the command did not run; what the runtime said is in it
 */
export async function runByRuntime(
  plan: SandboxPlan,
  { runtime, flags, isRealRoot, runRoot }: OciIsolation,
  options: RunOptions,
): Promise<SandboxResult> {
  if (plan.singleId && (plan.user.uid !== 0 || plan.user.gid !== 0))
    throw new UnsupportedFeatureError(`there is one id only, and ${runtime} cannot make others believed: the command can run as root only`);
  const program = findRuntime(runtime);
  const id = `tsbuild-${process.pid}-${++count}`;
  const bundle = openBundle(plan, runRoot, isRealRoot ? join(plan.resources?.cgroupParent ?? '/', id) : undefined);
  const log = join(bundle.directory, 'log');
  try {
    const terminal = plan.stdio === 'terminal';
    const withFlags = [program, ...ownFlags(program, isRealRoot), ...flags, '--root', join(bundle.directory, 'state'), '--log', log];
    const commands = [
      [...withFlags, 'create', '--bundle', bundle.directory, '--pid-file', 'pid', ...(terminal ? ['--console-socket', 'console'] : []), id],
      [...withFlags, 'start', id],
      [...withFlags, 'delete', '--force', id],
    ];
    const argv = [
      'tsbuild-launch',
      'runtime',
      String(STATUS_FD),
      bundle.directory,
      terminal ? 'terminal' : 'outputs',
      ...commands.flatMap((command, at) => (at === 0 ? command : [';', ...command])),
    ];
    return await run(plan, argv, options, (said) => new RuntimeError(runtime, wordsOf(log) || said || 'it ended without a word'));
  } finally {
    bundle.close();
  }
}

/** @throws {RuntimeError} there is none */
function findRuntime(runtime: string): string {
  const candidates = runtime.includes('/') ? [resolve(runtime)] : FOLDERS.map((folder) => join(folder, runtime));
  const found = candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return isAbsolute(path);
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new RuntimeError(runtime, 'there is no such program');
  return found;
}

/** Without real root no group can be made: crun has to be told. */
function ownFlags(program: string, isRealRoot: boolean): readonly string[] {
  return !isRealRoot && basename(program) === 'crun' ? ['--cgroup-manager=disabled'] : [];
}

/** The last of its log, each line's message alone where it is written as `key="value"`. */
function wordsOf(log: string): string {
  if (!existsSync(log)) return '';
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines
    .slice(-3)
    .map((line) => /\bmsg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1]?.replace(/\\(.)/g, '$1') ?? line)
    .join('; ');
}

async function run(
  plan: SandboxPlan,
  argv: readonly string[],
  options: RunOptions,
  failureOf: (said: string) => RuntimeError,
): Promise<SandboxResult> {
  const piped = plan.stdio === 'pipe';
  const status = pipe();
  const outputs = piped ? ([pipe(), pipe()] as const) : undefined;
  const none = piped ? openSync('/dev/null', 'r') : undefined;
  let said = '';
  const listen =
    (stream: 'stdout' | 'stderr') =>
    (bytes: Uint8Array): void => {
      if (stream === 'stderr' && said.length < 4096) said += Buffer.from(bytes).toString();
      options.onOutput?.(stream, bytes);
    };
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn({
      file: nativeFile('tsbuild-launch'),
      argv,
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      stdio: [none ?? 0, outputs?.[0].writeEnd ?? 1, outputs?.[1].writeEnd ?? 2],
      fds: [{ fd: status.writeEnd, as: STATUS_FD }],
      collect: status.readEnd,
    });
  } catch (error) {
    for (const fd of [status.readEnd, outputs?.[0].readEnd, outputs?.[1].readEnd]) if (fd !== undefined) closeSync(fd);
    throw error;
  } finally {
    for (const fd of [status.writeEnd, none, outputs?.[0].writeEnd, outputs?.[1].writeEnd]) if (fd !== undefined) closeSync(fd);
  }
  const release = endOnAbort(child, options);
  try {
    const [{ collected }] = await Promise.all([
      child.exited,
      ...(outputs === undefined ? [] : [readEach(outputs[0].readEnd, listen('stdout')), readEach(outputs[1].readEnd, listen('stderr'))]),
    ]);
    options.signal?.throwIfAborted();
    const warnings = plan.singleId ? (['runtime-ids'] as const) : [];
    for (const event of parseStatus(collected)) {
      if (event.event === 'exited') return { kind: 'exited', code: event.code, warnings };
      if (event.event === 'signaled') return { kind: 'signaled', signal: signalName(event.signal), warnings };
      if (event.event === 'failed' && event.path === 'terminal') throw failureOf('it handed no terminal over');
    }
    throw failureOf(said.trim());
  } finally {
    release();
  }
}
