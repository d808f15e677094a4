import { chmodSync, copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { addBusybox, fixtures, idModeOf, type TestStore, withTestStore } from '../support/tsbuild.js';

/** The destination has a file, a directory and a link in the way of what is copied. */
const BEFORE = `FROM scratch
ADD rootfs.tar /
ENV PATH=/bin
RUN mkdir -p /app/sub /app/file /other && echo old > /app/sub/leaf && echo old > /app/dir && ln -s sub /app/link
`;

function writeContext(store: TestStore): string {
  const context = join(store.directory, 'context');
  mkdirSync(join(context, 'tree/sub'), { recursive: true });
  mkdirSync(join(context, 'tree/dir'));
  copyFileSync(join(fixtures, 'busybox.tar'), join(context, 'rootfs.tar'));
  writeFileSync(join(context, 'tree/file'), 'file\n');
  writeFileSync(join(context, 'tree/sub/leaf'), 'leaf\n');
  writeFileSync(join(context, 'tree/dir/run'), '#!/bin/sh\n');
  chmodSync(join(context, 'tree/dir/run'), 0o755);
  linkSync(join(context, 'tree/file'), join(context, 'tree/linked'));
  symlinkSync('file', join(context, 'tree/link'));
  return context;
}

/** The image's ID and the diff ids of its layers. */
async function build(store: TestStore, context: string, containerfile: string, ...flags: readonly string[]) {
  writeFileSync(join(context, 'Containerfile'), containerfile);
  const { stdout } = await store.ok(['bud', '--timestamp', '0', '-q', ...flags, context]);
  const id = stdout.trim();
  const config = JSON.parse(readFileSync(join(store.root, 'blobs/sha256', id), 'utf8')) as { rootfs: { diff_ids: string[] } };
  return { id, diffIds: config.rootfs.diff_ids };
}

function snapshots(store: TestStore): number {
  return readdirSync(join(store.root, 'snapshots')).filter((name) => name !== 'empty').length;
}

const COPIES: readonly (readonly [string, string])[] = [
  ['into what is there', 'COPY --chown=5:6 tree /app'],
  ['to a new place, with another mode', 'COPY --chmod=u=rwX,go=rX tree /new/place/'],
  ['of some files', 'COPY tree/file tree/dir/run /other/'],
  ['over a directory', 'COPY tree/file /app'],
  ['from a stage', 'COPY --from=before /app/sub /from'],
  ['of an archive, which is unpacked', 'ADD rootfs.tar /unpacked/'],
];

suite('a final layer that nobody runs on', (test) => {
  for (const [title, copy] of COPIES) {
    test(`is the same without files as with: a copy ${title}`, () =>
      withTestStore(async (written) =>
        withTestStore(async (unwritten) => {
          if (copy.includes('--chown') && (await idModeOf(written)) === 'single')
            skip('with a single id a link that is written loses its owner, one that is not keeps it');
          const context = writeContext(written);
          const stages = `${BEFORE.replace('scratch', 'scratch AS before')}FROM before\n${copy}\n`;
          const expected = await build(written, context, `${stages}RUN true\n`);
          const found = await build(unwritten, context, `${stages}LABEL a=b\n`);
          // RUN true adds the layer of nothing.
          assert.equal(found.diffIds, expected.diffIds.slice(0, -1));
          assert.is(snapshots(written), 3);
          assert.is(snapshots(unwritten), copy.startsWith('ADD') ? 3 : 2);
          // A build that goes on from there, in the store without the files, finds the step and has its files all the same.
          assert.equal(await build(unwritten, context, `${stages}RUN true\n`), expected);
        }),
      ));
  }

  test('is written where its files are an output', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const context = writeContext(store);
      const out = join(store.directory, 'out');
      writeFileSync(join(context, 'Containerfile'), 'FROM busybox\nCOPY tree /copied\n');
      await store.ok(['bud', '-q', '--output', `type=local,dest=${out}`, context]);
      assert.is(readFileSync(join(out, 'copied/sub/leaf'), 'utf8'), 'leaf\n');
      assert.is(snapshots(store), 2);
    }));

  test('is made of a file that grows meanwhile, as far as it was there', () =>
    withTestStore(async (store) => {
      const context = writeContext(store);
      writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY tree /\n');
      const growing = join(context, 'tree/log');
      writeFileSync(growing, 'x'.repeat(1 << 20));
      const timer = setInterval(() => writeFileSync(growing, 'more\n', { flag: 'a' }), 1);
      try {
        await store.ok(['bud', '-q', context]);
      } finally {
        clearInterval(timer);
      }
    }));
});
