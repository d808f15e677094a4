import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BackgroundWork, StepCache, type Toolbox } from '../../src/builder/steps/index.js';
import { openOverlaySnapshots } from '../../src/snapshots/overlay-driver.js';
import { openStore } from '../../src/store/index.js';
import { withTempDir } from './temp-dir.js';

const forbidden = (): never => {
  throw new Error('This step reads nothing from elsewhere');
};

/** Runs `body` with what steps share, on a store of its own. Nothing is mounted unless a step does it. */
export async function withToolbox(changes: Partial<Toolbox>, body: (toolbox: Toolbox) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    mkdirSync(join(directory, 'run'));
    const store = await openStore({ root: join(directory, 'root'), runRoot: join(directory, 'run'), noSync: true });
    const background = new BackgroundWork(() => {});
    try {
      await body({
        store,
        snapshots: openOverlaySnapshots(store, { userxattr: true }),
        cache: new StepCache(store, false),
        reporter: { report: () => {} },
        background,
        interrupted: new AbortController().signal,
        compression: 'none',
        compressionLevel: undefined,
        layerPerStep: true,
        singleId: false,
        platform: 'linux/amd64',
        timestampSeconds: undefined,
        admitSource: (source) => source,
        download: forbidden,
        openRepository: forbidden,
        now: () => '2026-01-01T00:00:00.000Z',
        ...changes,
      });
    } finally {
      await background.settled();
      await store.close();
    }
  });
}
