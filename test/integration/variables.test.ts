import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, withTestStore } from '../support/tsbuild.js';

suite('variables of Buildah', (test) => {
  test('BUILDAH_HISTORY has commands written down, BUILDAH_FORMAT chooses the format, BUILDAH_NOPIVOT changes nothing', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      for (const [value, isKept] of [
        ['true', true],
        ['false', false],
      ] as const) {
        const env = { BUILDAH_HISTORY: value, BUILDAH_FORMAT: 'docker', BUILDAH_NOPIVOT: 'true' };
        const container = (await store.ok(['from', 'busybox'], { env })).stdout.trim();
        await store.ok(['run', container, 'echo', 'remember'], { env });
        const id = (await store.ok(['commit', '-q', container], { env })).stdout.trim();
        const { stdout } = await store.ok(['inspect', '--type', 'image', id]);
        assert.is(stdout.includes('"created_by": "/bin/sh -c echo remember"'), isKept);
        assert.match(stdout, /application\/vnd\.docker\.distribution\.manifest\.v2\+json/);
      }
    }));

  test('STORAGE_DRIVER and STORAGE_OPTS are what info shows', () =>
    withTestStore(async (store) => {
      const env = { STORAGE_DRIVER: 'vfs', STORAGE_OPTS: 'vfs.a=b,vfs.c=d' };
      const { stdout } = await store.ok(['info'], { env });
      assert.match(stdout, /"GraphDriverName": "vfs"/);
      assert.match(stdout, /vfs\.a=b/);
    }));

  test('BUILD_REGISTRY_SOURCES forbids registries, and CONTAINERS_REGISTRIES_CONF is read', () =>
    withTestStore(async (store) => {
      const blocked = { BUILD_REGISTRY_SOURCES: JSON.stringify({ blockedRegistries: ['registry.example'] }) };
      const refused = await store.tsbuild(['pull', 'registry.example/app'], { env: blocked });
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /it is in the blocked registries list/);
      const missing = await store.tsbuild(['pull', 'app'], { env: { CONTAINERS_REGISTRIES_CONF: '/nonexistent/registries.conf' } });
      assert.is(missing.status, 125);
      assert.match(missing.stderr, /\/nonexistent\/registries\.conf/);
    }));
});
