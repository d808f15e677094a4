import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { CachedMount } from '../../../../src/builder/steps/index.js';
import type { Digest } from '../../../../src/image/index.js';
import { archiveMounts, restoringMounts } from '../../../../src/operations/build/cache-mount-archive.js';
import { type CacheMounts, openStore, type Store } from '../../../../src/store/index.js';
import type { ImageSource } from '../../../../src/transports/index.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

const NPM = { id: 'npm', platform: 'linux/amd64', uid: 0, gid: 0, origin: '' };
const { signal } = new AbortController();

async function withStores(body: (here: Store, there: Store) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const open = (name: string) => openStore({ root: join(directory, name), runRoot: join(directory, 'run'), noSync: true });
    const [here, there] = [await open('here'), await open('there')];
    try {
      await body(here, there);
    } finally {
      await here.close();
      await there.close();
    }
  });
}

async function use(mounts: CacheMounts, body: (directory: string) => void, sharing: 'shared' | 'locked' = 'shared'): Promise<void> {
  const create = async (directory: string): Promise<void> => writeFileSync(join(directory, 'new'), '');
  const held = await mounts.open({ identity: NPM, sharing, create, onWait: () => {} }, { signal });
  body(held.directory);
  held.release();
}

function sourceOf(blobs: ReadonlyMap<string, Uint8Array>): ImageSource {
  return {
    description: 'a test',
    readManifest: async () => assert.unreachable() as never,
    async *openBlob({ digest }) {
      yield blobs.get(digest) ?? new Uint8Array(0);
    },
    async close() {},
  };
}

async function archived(store: Store): Promise<{ mount: CachedMount; source: ImageSource }> {
  const { mounts, openBlob } = await archiveMounts(['npm'], store, { warn: assert.unreachable, signal });
  const [mount] = mounts;
  const chunks: Uint8Array[] = [];
  for await (const chunk of openBlob(mount!.digest)!) chunks.push(chunk);
  return { mount: mount!, source: sourceOf(new Map([[mount!.digest, Buffer.concat(chunks)]])) };
}

function fill(directory: string): void {
  rmSync(join(directory, 'new'));
  mkdirSync(join(directory, 'lodash'));
  writeFileSync(join(directory, 'lodash/index.js'), 'x');
  chmodSync(join(directory, 'lodash/index.js'), 0o640);
  chmodSync(directory, 0o751);
}

suite('operations/cache-mount-archive', (test) => {
  test('a cache mount that is new elsewhere begins with what was archived here, mode and all', async () => {
    await withStores(async (here, there) => {
      await use(here.cacheMounts, fill);
      const mounts = restoringMounts(there.cacheMounts, [await archived(here)], { warn: assert.unreachable, signal });
      await use(mounts, (directory) => {
        assert.is(readFileSync(join(directory, 'lodash/index.js'), 'utf8'), 'x');
        assert.is(statSync(join(directory, 'lodash/index.js')).mode & 0o7777, 0o640);
        assert.is(statSync(directory).mode & 0o7777, 0o751);
        assert.not.ok(existsSync(join(directory, 'new')));
      });
      assert.equal((await archived(there)).mount, (await archived(here)).mount);
    });
  });

  test('one that exists stays as it is', async () => {
    await withStores(async (here, there) => {
      await use(here.cacheMounts, fill);
      await use(there.cacheMounts, () => {});
      const mounts = restoringMounts(there.cacheMounts, [await archived(here)], { warn: assert.unreachable, signal });
      await use(mounts, (directory) => assert.not.ok(existsSync(join(directory, 'lodash'))));
    });
  });

  test('bytes that are not what was promised warn, and it begins empty', async () => {
    await withStores(async (here, there) => {
      await use(here.cacheMounts, fill);
      const { mount } = await archived(here);
      const warnings: string[] = [];
      const offered = [{ mount, source: sourceOf(new Map([[mount.digest, Buffer.alloc(mount.size)]])) }];
      const mounts = restoringMounts(there.cacheMounts, offered, { warn: (text) => warnings.push(text), signal });
      await use(mounts, (directory) => {
        assert.ok(existsSync(join(directory, 'new')));
        assert.not.ok(existsSync(join(directory, 'lodash')));
      });
      assert.match(warnings.join(), /cannot import the cache mount "npm"/);
    });
  });

  test('one that does not exist, or that somebody has alone, is left out with a warning', async () => {
    await withStores(async (here) => {
      const warnings: string[] = [];
      const options = { warn: (text: string) => warnings.push(text), signal };
      assert.equal((await archiveMounts(['nothing'], here, options)).mounts, []);
      const held = await here.cacheMounts.open({ identity: NPM, sharing: 'locked', create: async () => {}, onWait: () => {} }, { signal });
      assert.equal((await archiveMounts(['npm'], here, options)).mounts, []);
      held.release();
      assert.match(warnings[0] ?? '', /"nothing": there is none/);
      assert.match(warnings[1] ?? '', /"npm": another build has it for itself/);
      assert.is((await archiveMounts(['npm'], here, options)).openBlob(`sha256:${'0'.repeat(64)}` as Digest), undefined);
    });
  });
});
