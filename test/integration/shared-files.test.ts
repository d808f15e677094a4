import { copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { fixtures, type TestStore, withTestStore } from '../support/tsbuild.js';

const MTIME = 1_600_000_000;

function put(context: string, name: string, content: string): void {
  rmSync(join(context, name), { force: true });
  writeFileSync(join(context, name), content);
  utimesSync(join(context, name), MTIME, MTIME);
}

function writeContext(store: TestStore): string {
  const context = join(store.directory, 'context');
  mkdirSync(join(context, 'tree/sub'), { recursive: true });
  copyFileSync(join(fixtures, 'busybox.tar'), join(context, 'rootfs.tar'));
  for (const name of ['same', 'changed', 'sub/same', 'moved', 'one']) put(context, `tree/${name}`, `${name}\n`);
  linkSync(join(context, 'tree/one'), join(context, 'tree/other'));
  writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nADD rootfs.tar /\nENV PATH=/bin\nCOPY tree /app\nRUN echo x >> /app/same\n');
  return context;
}

/** The content digest of the COPY's layer: /app itself has the time of the build. */
async function build(store: TestStore, context: string, ...flags: readonly string[]): Promise<string> {
  const { stdout } = await store.ok(['bud', '-q', ...flags, context]);
  const config = JSON.parse(readFileSync(join(store.root, 'blobs/sha256', stdout.trim()), 'utf8')) as { rootfs: { diff_ids: string[] } };
  const record = join(store.root, 'layers', `${config.rootfs.diff_ids[1]!.replace('sha256:', '')}.json`);
  return (JSON.parse(readFileSync(record, 'utf8')) as { contentDigest: string }).contentDigest;
}

/** Inode numbers and contents of a file in the snapshots of the COPY. */
function inodes(store: TestStore, name: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const snapshot of readdirSync(join(store.root, 'snapshots'))) {
    const file = join(store.root, 'snapshots', snapshot, 'fs/app', name);
    // The RUN's layer has /app/same alone.
    const isCopy = statSync(join(store.root, 'snapshots', snapshot, 'fs/app/sub'), { throwIfNoEntry: false }) !== undefined;
    const stat = isCopy ? statSync(file, { throwIfNoEntry: false }) : undefined;
    if (stat !== undefined) found.set(stat.ino, readFileSync(file, 'utf8'));
  }
  return found;
}

suite('a COPY of which some files changed', (test) => {
  test('shares the others with its earlier snapshot, and gives the layer it would give in a new store', () =>
    withTestStore(async (store) =>
      withTestStore(async (fresh) => {
        const context = writeContext(store);
        await build(store, context);
        put(context, 'tree/changed', 'another\n');
        utimesSync(join(context, 'tree/moved'), MTIME + 5, MTIME + 5);
        // No longer two names of one file.
        put(context, 'tree/other', 'one\n');
        const found = await build(store, context);
        assert.is(found, await build(fresh, context));
        assert.is(inodes(store, 'same').size, 1);
        assert.is(inodes(store, 'sub/same').size, 1);
        assert.equal([...inodes(store, 'changed').values()].sort(), ['another\n', 'changed\n']);
        assert.is(inodes(store, 'moved').size, 2, 'another time');
        // The RUN changed its own copy only.
        assert.equal([...inodes(store, 'same').values()], ['same\n']);
        const both = new Set([...inodes(store, 'one').keys(), ...inodes(store, 'other').keys()]);
        assert.is(both.size, 2, 'one of them has the old file, the other one of its own');
      }),
    ));

  test('shares nothing where times are set or steps go on in one directory', () =>
    withTestStore(async (store) => {
      const context = writeContext(store);
      await build(store, context);
      put(context, 'tree/changed', 'another\n');
      await build(store, context, '--timestamp', '7');
      assert.is(inodes(store, 'same').size, 2);
      assert.is(statSync(join(context, 'tree/same')).nlink, 1);
    }));

  test('shares nothing with another destination, owner or parent', () =>
    withTestStore(async (store) => {
      const context = writeContext(store);
      await build(store, context);
      put(context, 'tree/changed', 'another\n');
      const changed = 'FROM scratch\nADD rootfs.tar /\nENV PATH=/bin\nCOPY --chown=3:4 tree /app\nRUN true\n';
      writeFileSync(join(context, 'Containerfile'), changed);
      await build(store, context);
      writeFileSync(join(context, 'Containerfile'), changed.replace('COPY', 'RUN echo > /other\nCOPY'));
      await build(store, context);
      assert.is(inodes(store, 'same').size, 3);
    }));
});
