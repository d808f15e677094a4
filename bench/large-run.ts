import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Buildah } from './support/buildah.js';
import { runOnce } from './support/measure.js';
import type { Result } from './support/report.js';
import { withStoreDisk } from './support/store-disk.js';
import { fixtures, Tsbuild } from './support/tsbuild.js';

const SEED_BYTES = 16 * 2 ** 20;
const COPIES = 32;

/** A RUN that writes 1 GiB, half of it random and half of it text: time, and the memory of all processes together. */
export async function largeRun(): Promise<Result[]> {
  return withStoreDisk(async (disk) => {
    const context = join(disk, 'w3');
    mkdirSync(join(context, 'seed'), { recursive: true });
    copyFileSync(join(fixtures, 'busybox.tar'), join(context, 'rootfs.tar'));
    writeFileSync(join(context, 'seed/rand'), randomBytes(SEED_BYTES));
    writeFileSync(join(context, 'seed/text'), text(SEED_BYTES));
    const copies = (name: string): string => `for i in $(seq ${COPIES}); do cat /seed/${name}; done > /${name}.bin`;
    writeFileSync(
      join(context, 'Containerfile'),
      `FROM scratch\nADD rootfs.tar /\nENV PATH=/bin\nCOPY seed /seed\nRUN ${copies('rand')}; ${copies('text')}\n`,
    );
    const args = ['bud', '--layers', '--network', 'host', '-t', 'w3', context];
    const ours = await runOnce(new Tsbuild(join(disk, 'tsbuild')).command(args, { sampleMemory: true }));
    const theirs = await runOnce(new Buildah(join(disk, 'buildah')).command(args, { sampleMemory: true }));
    return [
      { work: 'RUN writes 1 GiB', unit: 'ms', ours: ours.wallMs, peer: theirs.wallMs, peerName: 'buildah', goal: 'ratio well below 1' },
      {
        work: 'RUN writes 1 GiB: peak memory',
        unit: 'MiB',
        ours: ours.peakKiB / 1024,
        peer: theirs.peakKiB / 1024,
        peerName: 'buildah',
        goal: '< 200 MiB',
      },
    ];
  });
}

/** Text that compresses as prose does: words with a skewed distribution, the same on every run. */
function text(bytes: number): Buffer {
  let state = 42;
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  const words = Array.from({ length: 8000 }, () =>
    Array.from({ length: 2 + Math.floor(next() * 9) }, () => String.fromCharCode(97 + Math.floor(next() * 26))).join(''),
  );
  const parts: string[] = [];
  for (let length = 0; length < bytes; ) {
    const word = words[Math.floor(8000 ** next()) % 8000]!;
    parts.push(word);
    length += word.length + 1;
  }
  return Buffer.from(parts.join(' ').padEnd(bytes, ' ').slice(0, bytes));
}
