import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface Sample {
  readonly wallMs: number;
  /** User and system time of the process and of all it waited for. */
  readonly cpuMs: number;
  /** Largest sum of the proportional set sizes of the process and its descendants, sampled; 0 unless asked for: it costs some of the time. */
  readonly peakKiB: number;
}

export interface Command {
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly sampleMemory?: boolean;
  /** A process that works for the command without being its child: its processor time counts too. */
  readonly daemonPid?: number;
}

const MEMORY_INTERVAL_MS = 10;

/** Runs a command to its end. @throws {Error} it failed; the message holds what it printed */
export function runOnce(command: Command): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const [program, ...args] = command.argv;
    const started = process.hrtime.bigint();
    const cpuBefore = cpuOf(command);
    const child = spawn(program!, args, { cwd: command.cwd, env: { ...process.env, ...command.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output = (output + String(chunk)).slice(-4000);
    });
    child.stderr.on('data', (chunk) => {
      output = (output + String(chunk)).slice(-4000);
    });
    let peakKiB = 0;
    const sampler = command.sampleMemory
      ? setInterval(() => {
          peakKiB = Math.max(peakKiB, treeKiB(child.pid!));
        }, MEMORY_INTERVAL_MS)
      : undefined;
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(sampler);
      const wallMs = Number(process.hrtime.bigint() - started) / 1e6;
      if (code !== 0) reject(new Error(`${command.argv.join(' ')} ended with ${signal ?? code}:\n${output}`));
      else resolve({ wallMs, cpuMs: cpuOf(command) - cpuBefore, peakKiB });
    });
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const CLOCK_TICKS_MS = 10; // sysconf(_SC_CLK_TCK) is 100 on Linux

/** CPU time of children this process has waited for, and all of the daemon's: utime, stime, cutime and cstime of proc(5). */
function cpuOf(command: Command): number {
  const daemon = command.daemonPid === undefined ? 0 : sum(cpuTimesMs(command.daemonPid));
  return daemon + sum(cpuTimesMs('self').slice(2));
}

function cpuTimesMs(pid: number | 'self'): number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map((ticks) => Number(ticks) * CLOCK_TICKS_MS);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Proportional set size of `root` and everything below it. Processes that end meanwhile count as nothing. */
function treeKiB(root: number): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readProc(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  let sum = 0;
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    sum += Number(/^Pss:\s+(\d+)/m.exec(readProc(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
    waiting.push(...(children.get(pid) ?? []));
  }
  return sum;
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
