import { readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { applyLayer, writeLayer } from '../../../src/layers/index.js';
import { startedWorkers } from '../../../src/layers/worker-pool.js';
import { makeDirectory, withDirectoryFd } from '../../support/layer-tree.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { withTempDir } from '../../support/temp-dir.js';

const ME = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const TAR = tarOf([{ name: 'd/e/f', data: 'x'.repeat(5000), ...ME }]);

const apply = (target: string, blob: AsyncIterable<Uint8Array>) =>
  withDirectoryFd(makeDirectory(target), (fd) =>
    applyLayer({ blob, compression: 'none', target: fd, whiteouts: 'overlay-user', lowers: [] }),
  );

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 512) yield bytes.subarray(at, at + 512);
}

suite('layers/worker-pool', (test) => {
  test('a pool runs many jobs on no more threads than there are processors', async () => {
    await withTempDir(async (dir) => {
      const jobs = Array.from({ length: 20 }, (_, i) => apply(join(dir, String(i)), pieces(TAR)));
      const digests = new Set((await Promise.all(jobs)).map(({ diffId }) => diffId));
      assert.is(digests.size, 1);
      assert.ok(startedWorkers() <= availableParallelism());
    });
  });

  test('a source that goes on after its job failed does not disturb the next job', async () => {
    await withTempDir(async (dir) => {
      async function* lateEnd(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(512, 'no tar');
        await new Promise((resolve) => setTimeout(resolve, 20));
        yield Buffer.alloc(512);
      }
      async function* slow(): AsyncGenerator<Uint8Array> {
        for await (const piece of pieces(TAR)) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          yield piece;
        }
      }
      const failing = Array.from({ length: 4 }, (_, i) => rejects(apply(join(dir, `bad${i}`), lateEnd()), { code: 'ARCHIVE_INVALID' }));
      const good = Array.from({ length: 4 }, (_, i) => apply(join(dir, `good${i}`), slow()));
      await Promise.all([...failing, ...good]);
    });
  });

  test('no descriptor stays open after a job, whether it ends well or not', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      writeFileSync(join(upper, 'f'), 'content');
      const round = async (name: string) => {
        await apply(join(dir, `apply-${name}`), pieces(TAR));
        await rejects(apply(join(dir, `fail-${name}`), pieces(Buffer.alloc(512, 'no tar'))), { code: 'ARCHIVE_INVALID' });
        await withDirectoryFd(upper, (fd) => {
          const parentRoot = { mode: 0o755, ...ME };
          return writeLayer({ upper: fd, overlayXattrs: 'user', compression: 'gzip', file: join(dir, name), parentRoot }).written;
        });
      };
      // Threads and their own descriptors come with the first jobs.
      for (let i = 0; i < 4; i++) await round(`warm-${i}`);
      const before = readdirSync('/proc/self/fd').length;
      for (let i = 0; i < 10; i++) await round(`more-${i}`);
      assert.ok(readdirSync('/proc/self/fd').length <= before, 'descriptors');
    });
  });

  test('runJob() refuses a signal that has fired already, before anything is opened', async () => {
    await withTempDir(async (dir) => {
      const target = makeDirectory(join(dir, 'out'));
      const reason = new Error('enough');
      const layer = {
        blob: { file: join(dir, 'missing') },
        compression: 'none',
        target: 0,
        whiteouts: 'overlay-user',
        lowers: [],
      } as const;
      assert.is(await rejects(applyLayer(layer, { signal: AbortSignal.abort(reason) }), {}), reason);
      assert.equal(readdirSync(target), []);
    });
  });
});
