import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BASE_IMAGE, writeBase } from './support/base-image.js';
import { Buildah } from './support/buildah.js';
import { type Command, median, runOnce, type Sample } from './support/measure.js';
import type { Result } from './support/report.js';
import { withStoreDisk } from './support/store-disk.js';
import { Tsbuild } from './support/tsbuild.js';

const ROUNDS = 5;
const FEW = 5;
const MANY = 25;

/**
 * What one `RUN ["/bin/true"]` more costs a build that makes one layer: the difference of builds with few and with many of them. Beside
 * Buildah, which lays out a bundle for each and has crun run it. Root alone measures it, as Buildah is run by root here.
 */
export async function oneRun(): Promise<Result[]> {
  if (process.getuid?.() !== 0) return [];
  return withStoreDisk(async (disk) => {
    const base = writeBase(join(disk, 'base'));
    const contexts = [writeContext(join(disk, 'few'), FEW), writeContext(join(disk, 'many'), MANY)] as const;
    const flags = ['--layers=false', '--network', 'host', '-q'];
    const ours = new Tsbuild(join(disk, 'tsbuild'));
    const costs: Record<'ours' | 'peer', Cost[]> = { ours: [], peer: [] };
    const command = (context: string) => ours.command(['bud', ...flags, context]);
    await runOnce(ours.command(['bud', '-q', '-t', BASE_IMAGE, base]));
    const buildah = existsSync('/usr/bin/buildah') && existsSync('/usr/bin/crun') ? new Buildah(join(disk, 'buildah')) : undefined;
    // Without control groups, as Buildah is told for runc: crun would load a program for devices, which asks for more locked memory than
    // the root of a container may allow itself.
    const byCrun = ['--runtime', 'crun', '--runtime-flag', 'cgroup-manager=disabled'];
    if (buildah !== undefined) await runOnce(buildah.command(['bud', '-q', '-t', BASE_IMAGE, base]));
    for (let round = 0; round < ROUNDS; round++) {
      costs.ours.push(await differenceOf(contexts, command));
      if (buildah !== undefined)
        costs.peer.push(await differenceOf(contexts, (context) => buildah.command(['bud', ...flags, ...byCrun, context])));
    }
    return [line('one RUN /bin/true more in a layer', 'wallMs', costs), line('one RUN /bin/true more in a layer: CPU', 'cpuMs', costs)];
  });
}

/** Of one RUN. */
type Cost = Pick<Sample, 'wallMs' | 'cpuMs'>;

async function differenceOf([few, many]: readonly [string, string], command: (context: string) => Command): Promise<Cost> {
  const [less, more] = [await runOnce(command(few)), await runOnce(command(many))];
  return { wallMs: (more.wallMs - less.wallMs) / (MANY - FEW), cpuMs: (more.cpuMs - less.cpuMs) / (MANY - FEW) };
}

function line(work: string, time: keyof Cost, costs: Readonly<Record<'ours' | 'peer', readonly Cost[]>>): Result {
  const medianOf = (tool: readonly Cost[]): number => median(tool.map((cost) => cost[time]));
  const result = { work, unit: 'ms', ours: medianOf(costs.ours), goal: 'ratio <= 0.1' } as const;
  return costs.peer.length === 0 ? result : { ...result, peer: medianOf(costs.peer), peerName: 'buildah with crun' };
}

function writeContext(directory: string, count: number): string {
  mkdirSync(directory, { recursive: true });
  const lines = [`FROM ${BASE_IMAGE}`, ...Array.from({ length: count }, () => 'RUN ["/bin/true"]')];
  writeFileSync(join(directory, 'Containerfile'), `${lines.join('\n')}\n`);
  return directory;
}
