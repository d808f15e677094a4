import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOnce } from './support/measure.js';
import type { Result } from './support/report.js';
import { withStoreDisk } from './support/store-disk.js';
import { fixtures, Tsbuild } from './support/tsbuild.js';

const SMALL = '100M';
const LARGE = '4G';

/** The memory of all processes while a RUN's layer of 100 MB is made, and of one of 4 GB: files of holes, which a layer holds as zeros. */
export async function layerSizes(): Promise<Result[]> {
  return withStoreDisk(async (disk) => {
    const peaks: number[] = [];
    for (const size of [SMALL, LARGE]) {
      const context = join(disk, size);
      mkdirSync(context);
      copyFileSync(join(fixtures, 'busybox.tar'), join(context, 'rootfs.tar'));
      const lines = ['FROM scratch', 'ADD rootfs.tar /', 'ENV PATH=/bin', `RUN truncate -s ${size} /file`];
      writeFileSync(join(context, 'Containerfile'), `${lines.join('\n')}\n`);
      const builder = new Tsbuild(join(disk, `store-${size}`));
      const { peakKiB } = await runOnce(builder.command(['bud', '-q', '--network', 'host', context], { sampleMemory: true }));
      peaks.push(peakKiB / 1024);
    }
    const [small, large] = peaks;
    return [
      {
        work: `peak memory, a layer of ${LARGE}`,
        unit: 'MiB',
        ours: large!,
        peer: small!,
        peerName: `tsbuild, a layer of ${SMALL}`,
        goal: '< 200 MiB; ratio near 1',
      },
    ];
  });
}
