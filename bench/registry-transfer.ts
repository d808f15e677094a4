import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Buildah } from './support/buildah.js';
import { withBuildKit } from './support/buildkit.js';
import { Comparison } from './support/comparison.js';
import { floorOf } from './support/floor.js';
import { type Command, runOnce, type Sample } from './support/measure.js';
import { withRegistry } from './support/registry.js';
import type { Result } from './support/report.js';
import { seededText } from './support/seeded.js';
import { writeSmallFiles } from './support/small-files.js';
import { withStoreDisk } from './support/store-disk.js';
import { Tsbuild } from './support/tsbuild.js';

const SEED_BYTES = 16 * 2 ** 20;
/** Of each kind: 1 GiB together. */
const COPIES = 32;
const WORKS = [
  { name: '50,000 files', prepare: smallFiles, pushGoal: '< 500 ms' },
  { name: '1 GiB', prepare: largeFiles, pushGoal: '< 3,000 ms' },
] as const;

type Work = (typeof WORKS)[number];

interface Transfer {
  readonly build: (context: string, name: string) => Command;
  readonly push: (name: string) => Command;
}

/**
 * Two images of one layer, to and from a registry on loopback: push right after the build, each tool in its own compression, then pull and extract
 * into an empty store what Buildah has pushed, the same gzip for all.
 */
export async function registryTransfer(): Promise<Result[]> {
  const results: Result[] = [];
  for (const work of WORKS) {
    const measured = await withStoreDisk((disk) =>
      withRegistry(join(disk, 'registry'), async (host) => (host === undefined ? [] : transfer(work, disk, host))),
    );
    results.push(...measured);
  }
  return results;
}

async function transfer(work: Work, disk: string, host: string): Promise<Result[]> {
  const comparison = new Comparison();
  const context = join(disk, 'context');
  work.prepare(context);
  writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY tree /tree\n');
  const storeOf = (tool: string): string => join(disk, tool);
  const push = async (tool: string, { build, push }: Transfer): Promise<Sample> => {
    const name = `${host}/${tool}`;
    await runOnce(build(context, name));
    execFileSync('sync');
    const sample = await runOnce({ ...push(name), sampleMemory: tool === 'tsbuild' });
    comparison.add(`push ${work.name}`, tool, sample);
    return sample;
  };
  const source = `${host}/buildah`;
  const pull = async (tool: string, command: Command): Promise<void> => {
    execFileSync('sync');
    const sample = await runOnce(command);
    comparison.add(`pull and extract ${work.name}`, tool, sample);
  };
  const ours = new Tsbuild(storeOf('tsbuild'));
  const pushed = await push('tsbuild', {
    build: (from, name) => ours.command(['bud', '-q', '-t', name, from]),
    push: (name) => ours.command(['push', '-q', '--tls-verify=false', name]),
  });
  execFileSync('sync');
  comparison.add(
    `push ${work.name}`,
    'curl, the same blobs',
    await floorOf([await uploadsOf(host, 'tsbuild', join(storeOf('tsbuild'), 'root'))]),
  );
  const buildah = new Buildah(storeOf('buildah'));
  await push('buildah', {
    build: (from, name) => buildah.command(['bud', '-q', '-t', name, from]),
    push: (name) => buildah.command(['push', '-q', '--tls-verify=false', name]),
  });
  await withBuildKit(storeOf('docker'), async (docker) => {
    if (docker === undefined) return;
    await push('docker', {
      build: (from, name) => docker.build(['-q', '-t', name], from),
      push: (name) => docker.command(['push', '-q', name]),
    });
  });
  const puller = (store: string, options: Partial<Command> = {}): Command =>
    new Tsbuild(storeOf(store)).command(['from', '-q', '--tls-verify=false', source], options);
  await pull('tsbuild', puller('tsbuild-pull'));
  await pull('buildah', new Buildah(storeOf('buildah-pull')).command(['pull', '-q', '--tls-verify=false', source]));
  await withBuildKit(storeOf('docker-pull'), async (docker) => {
    if (docker !== undefined) await pull('docker', docker.command(['pull', '-q', source]));
  });
  // A run of its own: nobody samples the peers.
  const pulled = await runOnce(puller('tsbuild-pull-2', { sampleMemory: true }));
  return [
    ...comparison.results(`push ${work.name}`, work.pushGoal),
    ...comparison.results(`pull and extract ${work.name}`, 'ratio at most 0.5'),
    ...comparison.results(`pull and extract ${work.name}`, 'ratio well below 1', 'cpu'),
    memory(`push ${work.name}`, pushed),
    memory(`pull and extract ${work.name}`, pulled),
  ];
}

/** The registry's own speed: the blobs of an image put into another repository, one request each. */
async function uploadsOf(host: string, repository: string, store: string): Promise<string> {
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const response = await fetch(`http://${host}/v2/${repository}/manifests/latest`, { headers: { accept } });
  const { config, layers } = (await response.json()) as { config: { digest: string }; layers: { digest: string }[] };
  const put = ({ digest }: { digest: string }): string => {
    const file = join(store, 'blobs', digest.replace(':', '/'));
    const start = `curl -sSf -o /dev/null -D - -X POST http://${host}/v2/${repository}-again/blobs/uploads/`;
    return `at=$(${start} | tr -d '\\r' | sed -n 's/^location: //Ip'); curl -sSf -T '${file}' "$at&digest=${digest}"`;
  };
  return [config, ...layers].map(put).join('; ');
}

function memory(work: string, { peakKiB }: Sample): Result {
  return { work: `${work}: peak memory`, unit: 'MiB', ours: peakKiB / 1024, goal: '< 200 MiB' };
}

function smallFiles(context: string): void {
  writeSmallFiles(join(context, 'tree'));
}

function largeFiles(context: string): void {
  mkdirSync(join(context, 'tree'), { recursive: true });
  for (const [name, seed] of [
    ['random', randomBytes(SEED_BYTES)],
    ['text', seededText(SEED_BYTES)],
  ] as const) {
    const fd = openSync(join(context, 'tree', name), 'w');
    for (let copy = 0; copy < COPIES; copy++) writeSync(fd, seed);
    closeSync(fd);
  }
}
