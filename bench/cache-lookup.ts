import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median, runOnce } from './support/measure.js';
import type { Result } from './support/report.js';
import { withStoreDisk } from './support/store-disk.js';
import { fixtures, Tsbuild } from './support/tsbuild.js';

const ROUNDS = 15;
const FEW = 10;
const MANY = 10_000;

/** A build of twenty instructions that finds everything, in a store with few records and in one with many: the ratio is the cost of a record. */
export async function cacheLookup(): Promise<Result[]> {
  return withStoreDisk(async (disk) => {
    const context = writeContext(join(disk, 'context'));
    const stores = [FEW, MANY].map((records) => ({ records, builder: new Tsbuild(join(disk, `records-${records}`)) }));
    const args = ['bud', '--network', 'host', '-t', 'w1', context];
    for (const { records, builder } of stores) {
      await runOnce(builder.command(args));
      addRecords(join(builder.directory, 'root'), records);
    }
    const times = stores.map((): number[] => []);
    // By turns: what else the machine does falls on both.
    for (let round = 0; round < ROUNDS; round++) {
      for (const [at, { builder }] of stores.entries()) times[at]!.push((await runOnce(builder.command(args))).wallMs);
    }
    const [few, many] = times.map(median);
    return [
      {
        work: `20 instructions, cached, ${MANY} other records`,
        unit: 'ms',
        ours: many!,
        peer: few!,
        peerName: `tsbuild, ${FEW} other records`,
        goal: 'ratio near 1; <= 140 ms',
      },
    ];
  });
}

/** Ten steps that are looked up, ten instructions that only change the configuration. */
function writeContext(directory: string): string {
  mkdirSync(directory, { recursive: true });
  copyFileSync(join(fixtures, 'busybox.tar'), join(directory, 'rootfs.tar'));
  const lines = ['FROM scratch', 'ADD rootfs.tar /', 'ENV PATH=/bin'];
  for (let index = 0; index < 8; index++) lines.push(`LABEL l${index}=${index}`);
  for (let index = 0; index < 9; index++) lines.push(`RUN echo ${index} > /file${index}`);
  writeFileSync(join(directory, 'Containerfile'), `${lines.join('\n')}\n`);
  return directory;
}

/** Records as other builds leave them: each of a step of its own, with the place where it stood. */
function addRecords(root: string, count: number): void {
  mkdirSync(join(root, 'cache/sites'), { recursive: true });
  for (let index = 0; index < count; index++) {
    const [definition, parent, site] = ['definition', 'parent', 'site'].map((name) => hexOf(`${name} ${index}`));
    const names = { definition: `sha256:${definition}`, parent: `sha256:${parent}` };
    const inputs = Object.fromEntries(Array.from({ length: 8 }, (_, input) => [`env.V${input}`, `sha256:${hexOf(`${input} ${index}`)}`]));
    const record = { ...names, inputs, result: {}, createdAt: '2026-01-01T00:00:00.000Z' };
    mkdirSync(join(root, 'cache/steps', definition!), { recursive: true });
    writeFileSync(join(root, 'cache/steps', definition!, `${parent}.json`), JSON.stringify(record));
    const entry = { ...names, text: `RUN ${index}`, selections: {} };
    writeFileSync(join(root, 'cache/sites', `${site}.json`), JSON.stringify({ entries: [entry] }));
  }
}

function hexOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
