import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Buildah } from './support/buildah.js';
import { median, runOnce } from './support/measure.js';
import type { Result } from './support/report.js';
import { withStoreDisk } from './support/store-disk.js';
import { fixtures, Tsbuild } from './support/tsbuild.js';

const ROUNDS = 5;
const RUNS = 10;

/** Twenty instructions, ten of them `RUN true`: what an instruction costs by itself, cold and from the cache. */
export async function trivialInstructions(): Promise<Result[]> {
  return withStoreDisk(async (disk) => {
    const base = writeBase(join(disk, 'base'));
    const ours = new Tsbuild(join(disk, 'tsbuild'));
    const theirs = new Buildah(join(disk, 'buildah'));
    await runOnce(ours.command(['bud', '-q', '-t', 'busybox', base]));
    await runOnce(theirs.command(['bud', '-q', '-t', 'busybox', base]));

    const cold: number[] = [];
    const coldPeer: number[] = [];
    const cached: number[] = [];
    const cachedPeer: number[] = [];
    const noRuns: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      // A new salt each round makes every instruction new to the cache.
      const context = writeContext(join(disk, `w${round}`), `${process.pid}-${round}`, RUNS);
      const without = writeContext(join(disk, `n${round}`), `${process.pid}-n${round}`, 0);
      const args = ['bud', '--layers', '--network', 'host', '-t', 'w1'];
      cold.push((await runOnce(ours.command([...args, context]))).wallMs);
      coldPeer.push((await runOnce(theirs.command([...args, context]))).wallMs);
      cached.push((await runOnce(ours.command([...args, context]))).wallMs);
      cachedPeer.push((await runOnce(theirs.command([...args, context]))).wallMs);
      noRuns.push((await runOnce(ours.command([...args, without]))).wallMs);
      bare.push((await runOnce({ argv: [process.execPath, '-e', '0'], env: { NODE_EXTRA_CA_CERTS: undefined } })).wallMs);
    }
    return [
      {
        work: '20 trivial instructions, cold',
        unit: 'ms',
        ours: median(cold),
        peer: median(coldPeer),
        peerName: 'buildah',
        goal: '<= 500 ms, ratio <= 0.1',
      },
      {
        work: '20 trivial instructions, cached',
        unit: 'ms',
        ours: median(cached),
        peer: median(cachedPeer),
        peerName: 'buildah',
        goal: 'see next line',
      },
      {
        work: 'the same beside a bare node',
        unit: 'ms',
        ours: median(cached),
        peer: median(bare),
        peerName: 'node -e 0',
        goal: 'ratio <= 3',
      },
      { work: 'one RUN true, commit included', unit: 'ms', ours: (median(cold) - median(noRuns)) / RUNS, goal: '<= 25 ms' },
    ];
  });
}

function writeBase(directory: string): string {
  mkdirSync(directory, { recursive: true });
  // Debian's buildah does not unpack zstd, so both sides get the same plain tar.
  copyFileSync(join(fixtures, 'busybox.tar'), join(directory, 'rootfs.tar'));
  writeFileSync(join(directory, 'Containerfile'), 'FROM scratch\nADD rootfs.tar /\nENV PATH=/bin\nCMD ["/bin/sh"]\n');
  return directory;
}

function writeContext(directory: string, salt: string, runs: number): string {
  mkdirSync(directory, { recursive: true });
  const lines = ['FROM localhost/busybox'];
  for (let index = 0; index < 4; index++) lines.push(`ENV V${index}=${salt}-${index}`);
  for (let index = 0; index < 4; index++) lines.push(`LABEL l${index}=${salt}-${index}`);
  lines.push('COPY small.txt /small.txt');
  for (let index = 0; index < runs; index++) lines.push('RUN true');
  writeFileSync(join(directory, 'Containerfile'), `${lines.join('\n')}\n`);
  writeFileSync(join(directory, 'small.txt'), `${salt}\n`);
  return directory;
}
