import { closeSync, openSync, writeSync } from 'node:fs';
import { hasCode } from '../errors.js';
import { type Child, nativeFile, pipe, spawn } from '../sys/index.js';
import { encodePlan } from './encode-plan.js';
import { SandboxSetupError } from './errors.js';
import { type Filters, openFilters } from './filters.js';
import type { SandboxPlan, SandboxResult, SandboxWarning } from './plan.js';
import { readEach } from './read-each.js';
import { endOnAbort, type RunOptions } from './run-options.js';
import { parseStatus, signalName } from './status.js';

// Descriptors of the launcher; 0 to 2 are the command's.
const PLAN_FD = 3;
const STATUS_FD = 4;
const FIRST_FREE_FD = 5;

/**
 * Run one command in a root file system of its own.
 *
 * When this resolves or rejects nothing of the sandbox is left: the command and whatever it started have ended, the overlay is
 * unmounted, all output was delivered. That the command failed is a result, not an error.
 *
 * @throws {SandboxSetupError} the command did not run
 * @throws {RuntimeError} nor by the runtime that was asked for
 * @throws the reason of `signal` after an abort
 */
export async function runInSandbox(plan: SandboxPlan, options: RunOptions = {}): Promise<SandboxResult> {
  options.signal?.throwIfAborted();
  if (plan.isolation?.kind === 'oci') {
    const { runByRuntime } = await import('./oci/run-by-runtime.js');
    return runByRuntime(plan, plan.isolation, options);
  }
  if (plan.resources === undefined) return runByLauncher(plan, options);
  const { openControlGroups } = await import('./resources/control-groups.js');
  const groups = openControlGroups(plan.resources);
  try {
    const { directories: cgroups, processors, dataBytes, shortfall } = groups;
    const limits = dataBytes === undefined ? [] : [{ name: 'data', soft: dataBytes, hard: dataBytes } as const];
    const result = await runByLauncher({ ...plan, cgroups, processors, limits: [...limits, ...(plan.limits ?? [])] }, options);
    return { ...result, outOfMemory: groups.wasOutOfMemory(), shortfall };
  } finally {
    groups.close();
  }
}

async function runByLauncher(plan: SandboxPlan, options: RunOptions): Promise<SandboxResult> {
  const launcher = startLauncher(plan, await openFilters(plan), options.onOutput ?? (() => {}));
  const release = endOnAbort(launcher.child, options);
  try {
    // The status descriptor ends when PID 1 of the sandbox does.
    const [{ collected: status }] = await Promise.all([launcher.child.exited, ...launcher.outputs]);
    options.signal?.throwIfAborted();
    return readResult(status);
  } finally {
    release();
  }
}

interface Launcher {
  readonly child: Child;
  readonly outputs: readonly Promise<void>[];
}

function startLauncher(plan: SandboxPlan, filters: Filters, onOutput: NonNullable<RunOptions['onOutput']>): Launcher {
  // Ours to close here once the launcher has its copies, or when it cannot be started.
  const handed: number[] = [];
  const kept: number[] = [];
  const openPipe = (side: 'read' | 'write'): { readonly ours: number; readonly theirs: number } => {
    const { readEnd, writeEnd } = pipe();
    const ends = side === 'read' ? { ours: readEnd, theirs: writeEnd } : { ours: writeEnd, theirs: readEnd };
    handed.push(ends.theirs);
    kept.push(ends.ours);
    return ends;
  };
  try {
    const programs = [filters.profile, filters.fence, filters.notify, filters.fallback].filter((program) => typeof program === 'number');
    handed.push(...programs);
    const sources = plan.mounts.flatMap((mount) => (mount.kind === 'bind' && typeof mount.source === 'number' ? [mount.source] : []));
    const shift = plan.userNamespace?.shift === undefined ? [] : [plan.userNamespace.shift];
    const numberOf = (index: number): number => FIRST_FREE_FD + index;
    const bytes = encodePlan(plan, {
      filters: renumber(filters, (fd) => numberOf(programs.indexOf(fd))),
      sources: sources.map((_, index) => numberOf(programs.length + index)),
      userNamespace: shift.length === 0 ? undefined : numberOf(programs.length + sources.length),
      parent: process.pid,
    });

    const planPipe = openPipe('write');
    const statusPipe = openPipe('read');
    const piped = plan.stdio === 'pipe';
    const stdin = piped ? openSync('/dev/null', 'r') : 0;
    if (piped) handed.push(stdin);
    const stdout = piped ? openPipe('read') : undefined;
    const stderr = piped ? openPipe('read') : undefined;

    const child = spawn({
      file: nativeFile('tsbuild-launch'),
      argv: ['tsbuild-launch', 'sandbox', String(PLAN_FD), String(STATUS_FD)],
      env: [],
      stdio: [stdin, stdout?.theirs ?? 1, stderr?.theirs ?? 2],
      fds: [
        { fd: planPipe.theirs, as: PLAN_FD },
        { fd: statusPipe.theirs, as: STATUS_FD },
        ...[...programs, ...sources, ...shift].map((fd, index) => ({ fd, as: numberOf(index) })),
      ],
      collect: statusPipe.ours,
    });
    kept.length = 0;
    const outputs = [
      ...(stdout === undefined ? [] : [readEach(stdout.ours, (chunk) => onOutput('stdout', chunk))]),
      ...(stderr === undefined ? [] : [readEach(stderr.ours, (chunk) => onOutput('stderr', chunk))]),
    ];
    // The launcher alone reads the plan: when it has ended, writing fails.
    closeAll(handed);
    sendPlan(planPipe.ours, bytes);
    return { child, outputs };
  } finally {
    closeAll(handed);
    closeAll(kept);
  }
}

function closeAll(fds: number[]): void {
  for (const fd of fds.splice(0)) closeSync(fd);
}

function renumber({ profile, fence, notify, fallback }: Filters, numberOf: (fd: number) => number): Filters {
  return {
    profile: typeof profile === 'number' ? numberOf(profile) : profile,
    fence: fence === undefined ? undefined : numberOf(fence),
    notify: notify === undefined ? undefined : numberOf(notify),
    fallback: fallback === undefined ? undefined : numberOf(fallback),
  };
}

/** Waits only for a plan larger than a pipe, and then for no longer than the launcher needs to start: it reads this before all else. */
function sendPlan(fd: number, bytes: Buffer): void {
  try {
    for (let sent = 0; sent < bytes.length; ) sent += writeSync(fd, bytes, sent);
  } catch (error) {
    // The launcher has ended without reading it all; its status says why.
    if (!hasCode(error, 'EPIPE')) throw error;
  } finally {
    closeSync(fd);
  }
}

/** The first event that ends the sandbox counts: a process that fails in its set-up also exits. */
function readResult(status: Buffer): SandboxResult {
  const warnings: SandboxWarning[] = [];
  for (const event of parseStatus(status)) {
    switch (event.event) {
      case 'ready':
      case 'answered':
        break;
      case 'warning':
        warnings.push(event.about);
        break;
      case 'failed':
        throw new SandboxSetupError(event.stage, event.errno, event.path, event.detail);
      case 'exited':
        return { kind: 'exited', code: event.code, warnings };
      case 'signaled':
        return { kind: 'signaled', signal: signalName(event.signal), warnings };
    }
  }
  throw new SandboxSetupError('launcher', 0, '', 'it ended without a word');
}
