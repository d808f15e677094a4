import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInSandbox, type SandboxPlan } from '../src/sandbox/index.js';
import { median } from './support/measure.js';
import type { Result } from './support/report.js';

const LOWERS = 10;
const ROUNDS = 60;

/**
 * From the request to the reaped end of /bin/true on ten lower directories, the median of many; beside bwrap, which makes fewer
 * things, and crun with what Buildah does for a bundle. Root alone measures it: others would first enter their namespaces.
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
    return [
      { work, unit: 'ms', ours, goal: '<= 6 ms; ratio <= 1.5', ...(await peer('bwrap', () => bwrap(image))) },
      { work, unit: 'ms', ours, goal: 'ratio <= 0.1', ...(await peer('crun run and bundle', (round) => crun(directory, image, round))) },
    ];
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

function bwrap(image: string): void {
  const mounts = ['--ro-bind', image, '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'];
  succeed(['bwrap', '--unshare-all', '--die-with-parent', ...mounts, '/bin/true']);
}

/** Buildah makes a bundle for each RUN, and here shows its runtime one version of control groups, outside of what is measured for bwrap. */
function crun(directory: string, image: string, round: number): void {
  const bundle = join(directory, `bundle-${round}`);
  mkdirSync(bundle);
  cpSync(image, join(bundle, 'rootfs'), { recursive: true, verbatimSymlinks: true });
  succeed(['crun', 'spec', '--bundle', bundle]);
  const file = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as { process: object; linux: object };
  // Its rules for devices ask for more than a container may itself be allowed to load.
  config.linux = { ...config.linux, resources: undefined };
  config.process = { ...config.process, args: ['/bin/true'], terminal: false };
  writeFileSync(file, JSON.stringify(config));
  const oneVersion = 'mount -t tmpfs none /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"';
  succeed(['unshare', '--mount', 'sh', '-c', oneVersion, 'sh', 'crun', 'run', '--bundle', bundle, `tsbuild-bench-${process.pid}-${round}`]);
}

function succeed(argv: readonly string[]): void {
  const { status, stderr, error } = spawnSync(argv[0]!, argv.slice(1), { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${error?.message ?? stderr}`);
}

async function peer(name: string, run: (round: number) => void): Promise<Partial<Pick<Result, 'peer' | 'peerName'>>> {
  const [program = ''] = name.split(' ');
  if (!['/usr/bin', '/usr/sbin', '/usr/local/bin'].some((folder) => existsSync(join(folder, program)))) return {};
  return { peer: await medianOf(run), peerName: name };
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
