import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInSandbox, type SandboxPlan } from '../src/sandbox/index.js';
import { median } from './support/measure.js';
import type { Result } from './support/report.js';

const LOWERS = 10;
const ROUNDS = 60;

/**
 * From the request to the reaped end of /bin/true on ten lower directories, the median of many; beside bwrap, which makes fewer
 * things. Root alone measures it: others would first enter their namespaces.
 */
export async function sandboxLaunch(): Promise<Result[]> {
  if (process.getuid?.() !== 0) return [];
  const directory = mkdtempSync(join(tmpdir(), 'tsbuild-launch-'));
  try {
    const image = join(directory, 'image');
    for (const name of ['bin', 'proc', 'dev', 'tmp', 'etc']) mkdirSync(join(image, name), { recursive: true });
    copyFileSync('/bin/busybox', join(image, 'bin/true'));
    const lowers = [...Array.from({ length: LOWERS - 1 }, (_, index) => join(directory, `lower-${index}`)), image];
    for (const lower of lowers) mkdirSync(lower, { recursive: true });
    const ours = await medianOf((round) => launch(directory, lowers, round));
    const work = `launch of /bin/true, ${LOWERS} lower layers`;
    return [{ work, unit: 'ms', ours, goal: '<= 6 ms; ratio <= 1.5', ...(await besideBwrap(image)) }];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function launch(directory: string, lowers: readonly string[], round: number): Promise<void> {
  const [upper, work] = [join(directory, `upper-${round}`), join(directory, `work-${round}`)];
  mkdirSync(upper);
  mkdirSync(work);
  const plan: SandboxPlan = {
    rootfs: { lowers, upper, work, overlayXattrs: 'trusted' },
    argv: ['/bin/true'],
    env: ['PATH=/bin'],
    cwd: '/',
    user: { uid: 0, gid: 0, groups: [] },
    network: 'none',
    hostname: 'bench',
    mounts: [],
    files: [{ target: '/etc/hosts', content: '127.0.0.1 localhost\n' }],
    seccomp: 'default',
    singleId: false,
    stdio: 'pipe',
  };
  const result = await runInSandbox(plan);
  if (result.kind !== 'exited' || result.code !== 0) throw new Error('/bin/true failed');
}

async function besideBwrap(image: string): Promise<Partial<Pick<Result, 'peer' | 'peerName'>>> {
  if (!existsSync('/usr/bin/bwrap')) return {};
  const mounts = ['--ro-bind', image, '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'];
  const argv = ['bwrap', '--unshare-all', '--die-with-parent', ...mounts, '/bin/true'];
  return { peer: await medianOf(() => succeed(argv)), peerName: 'bwrap' };
}

function succeed(argv: readonly string[]): void {
  const { status, stderr, error } = spawnSync(argv[0]!, argv.slice(1), { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${error?.message ?? stderr}`);
}

async function medianOf(run: (round: number) => void | Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.hrtime.bigint();
    await run(round);
    times.push(Number(process.hrtime.bigint() - started) / 1e6);
  }
  return median(times);
}
