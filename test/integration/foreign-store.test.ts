import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { project, run, runOk, withTestStore } from '../support/tsbuild.js';

suite('a store of Buildah or Podman', (test) => {
  for (const marks of [['storage.lock', 'overlay/'], ['vfs-images/'], ['overlay-images/', 'overlay-layers/'], ['libpod/']]) {
    test(`is refused and left as it is: ${marks.join(' ')}`, () =>
      withTestStore(async (store) => {
        const root = join(store.directory, 'theirs');
        mkdirSync(root);
        for (const mark of marks) mark.endsWith('/') ? mkdirSync(join(root, mark)) : writeFileSync(join(root, mark), '');
        const before = readdirSync(root).sort();
        const tsbuild = [join(project, 'bin/tsbuild'), '--root', root, '--runroot', join(store.directory, 'run')];
        for (const args of [['images'], ['from', 'scratch'], ['prune', '--all', '--force']]) {
          const { status, stderr } = await run([...tsbuild, ...args]);
          assert.is(status, 125, args.join(' '));
          assert.match(stderr, /Cannot use .*theirs as a store: it belongs to containers\/storage \(Buildah, Podman\)/);
        }
        assert.equal(readdirSync(root).sort(), before);
        // A directory of its own below it is another matter.
        await runOk([join(project, 'bin/tsbuild'), '--root', join(root, 'tsbuild'), '--runroot', join(store.directory, 'run'), 'images']);
      }));
  }
});
