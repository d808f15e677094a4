import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { decompress, EMPTY_LAYER, isEmptyUpper, writeLayer } from '../../../src/layers/index.js';
import { startedWorkers } from '../../../src/layers/worker-pool.js';
import { setXattr } from '../../../src/sys/index.js';
import { contentDigestOf, makeDirectory, sha256, withDirectoryFd } from '../../support/layer-tree.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const ROOT = { mode: 0o755, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

suite('layers/empty-layer', (test) => {
  test('EMPTY_LAYER is the tar of nothing in every compression', async () => {
    const nothing = Buffer.alloc(1024);
    assert.is(EMPTY_LAYER.diffId as string, `sha256:${sha256(nothing)}`);
    assert.is(EMPTY_LAYER.contentDigest as string, `sha256:${contentDigestOf([])}`);
    assert.is(EMPTY_LAYER.uncompressedBytes, 1024);
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      const blob = await EMPTY_LAYER.blob(compression);
      const parts: Uint8Array[] = [];
      for await (const part of decompress(once(blob), compression)) parts.push(part);
      assert.ok(Buffer.concat(parts).equals(nothing), compression);
    }
  });

  test('the zstd blob of EMPTY_LAYER is accepted by the zstd program, checksum included', async () => {
    const { status, stdout, error } = spawnSync('zstd', ['-dc'], { input: await EMPTY_LAYER.blob('zstd') });
    if (error === undefined) assert.equal([status, sha256(stdout)], [0, EMPTY_LAYER.diffId.slice('sha256:'.length)]);
  });

  test('isEmptyUpper() is true only without entries and with the parent root as it was', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      chmodSync(upper, 0o755);
      await withDirectoryFd(upper, (fd) => {
        assert.ok(isEmptyUpper(fd, ROOT));
        setXattr(fd, 'user.overlay.impure', Buffer.from('y'));
        assert.ok(isEmptyUpper(fd, ROOT));
        assert.not(isEmptyUpper(fd, { ...ROOT, mode: 0o700 }));
        assert.not(isEmptyUpper(fd, { ...ROOT, uid: 12345 }));
        writeFileSync(join(upper, '.hidden'), '');
        assert.not(isEmptyUpper(fd, ROOT));
      });
    });
  });

  test('writeLayer() answers for an empty upper directory without a worker thread', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      chmodSync(upper, 0o755);
      const fd = openSync(upper, 'r');
      const { hashed, written } = writeLayer({
        upper: fd,
        overlayXattrs: 'user',
        compression: 'zstd',
        file: join(dir, 'blob'),
        parentRoot: ROOT,
      });
      assert.is((await hashed).diffId, EMPTY_LAYER.diffId);
      const layer = await written;
      closeSync(fd);
      assert.ok(layer.empty);
      assert.is(layer.digest as string, `sha256:${sha256(readFileSync(join(dir, 'blob')))}`);
      assert.is(startedWorkers(), 0);
    });
  });
});
