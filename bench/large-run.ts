import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Buildah } from './support/buildah.js';
import { diskUse, floorOf } from './support/floor.js';
import { runOnce } from './support/measure.js';
import type { Result } from './support/report.js';
import { seededText } from './support/seeded.js';
import { withStoreDisk } from './support/store-disk.js';
import { fixtures, Tsbuild } from './support/tsbuild.js';

const SEED_BYTES = 16 * 2 ** 20;
const COPIES = 32;
const MIB = 2 ** 20;

/** A RUN that writes 1 GiB, half of it random and half of it text: time, and the memory of all processes together. */
export async function largeRun(): Promise<Result[]> {
  return withStoreDisk(async (disk) => {
    const context = join(disk, 'w3');
    mkdirSync(join(context, 'seed'), { recursive: true });
    copyFileSync(join(fixtures, 'busybox.tar'), join(context, 'rootfs.tar'));
    writeFileSync(join(context, 'seed/rand'), randomBytes(SEED_BYTES));
    writeFileSync(join(context, 'seed/text'), seededText(SEED_BYTES));
    const copies = (name: string): string => `for i in $(seq ${COPIES}); do cat /seed/${name}; done > /${name}.bin`;
    writeFileSync(
      join(context, 'Containerfile'),
      `FROM scratch\nADD rootfs.tar /\nENV PATH=/bin\nCOPY seed /seed\nRUN ${copies('rand')}; ${copies('text')}\n`,
    );
    const args = ['bud', '--layers', '--network', 'host', '-t', 'w3', context];
    const ours = await runOnce(new Tsbuild(join(disk, 'tsbuild')).command(args));
    const root = join(disk, 'tsbuild/root');
    const layerBytes = 2 * COPIES * SEED_BYTES;
    const used = await diskUse(root);
    // The same bytes by the system's own tools: written as the command writes them, then compressed.
    const shell = (name: string): string => `for i in $(seq ${COPIES}); do cat '${context}/seed/${name}'; done > '${disk}/${name}.bin'`;
    const floor = await floorOf([
      `${shell('rand')}; ${shell('text')}`,
      `cat '${disk}/rand.bin' '${disk}/text.bin' | zstd -3 -T0 -q > '${disk}/floor.zst'`,
    ]);
    const blobBytes = statSync(join(disk, 'floor.zst')).size;
    const theirs = await runOnce(new Buildah(join(disk, 'buildah')).command(args));
    // Runs of their own: who samples takes a fifth of a processor from whom it measures, and nobody samples the floor.
    const { peakKiB: ourPeakKiB } = await runOnce(new Tsbuild(join(disk, 'tsbuild-2')).command(args, { sampleMemory: true }));
    const { peakKiB: theirPeakKiB } = await runOnce(new Buildah(join(disk, 'buildah-2')).command(args, { sampleMemory: true }));
    return [
      { work: 'RUN writes 1 GiB', unit: 'ms', ours: ours.wallMs, peer: floor.wallMs, peerName: 'cat + zstd -3 -T0', goal: '<= 1.2' },
      { work: 'RUN writes 1 GiB: CPU', unit: 'ms', ours: ours.cpuMs, peer: floor.cpuMs, peerName: 'cat + zstd -3 -T0', goal: '<= 1.2' },
      {
        work: 'RUN writes 1 GiB: disk',
        unit: 'MiB',
        ours: used / MIB,
        peer: (layerBytes + blobBytes) / MIB,
        peerName: 'its files + one blob',
        goal: 'ratio near 1',
      },
      { work: 'RUN writes 1 GiB', unit: 'ms', ours: ours.wallMs, peer: theirs.wallMs, peerName: 'buildah', goal: 'ratio well below 1' },
      {
        work: 'RUN writes 1 GiB: peak memory',
        unit: 'MiB',
        ours: ourPeakKiB / 1024,
        peer: theirPeakKiB / 1024,
        peerName: 'buildah',
        goal: '< 200 MiB',
      },
    ];
  });
}
