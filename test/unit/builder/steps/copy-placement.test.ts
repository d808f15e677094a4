import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { bytesOf, type Placement, placeCopy } from '../../../../src/builder/steps/copy-placement.js';
import { makeDirectories } from '../../../../src/builder/steps/make-directories.js';
import { SourceTree } from '../../../../src/context/index.js';
import { copyEntries, type Fd } from '../../../../src/sys/index.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';
import { changes, linesOf, makeTree } from '../../../support/tree-lines.js';
import { BASE, CASES, CONTEXT } from './placement-cases.js';

interface Trees {
  readonly context: Fd;
  readonly root: Fd;
  readonly rootPath: string;
}

async function withTrees(body: (trees: Trees) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const [contextPath, rootPath] = [join(directory, 'context'), join(directory, 'root')];
    mkdirSync(contextPath);
    mkdirSync(rootPath);
    makeTree(contextPath, CONTEXT);
    makeTree(rootPath, BASE);
    const [context, root] = [openSync(contextPath, 'r'), openSync(rootPath, 'r')];
    try {
      await body({ context, root, rootPath });
    } finally {
      closeSync(context);
      closeSync(root);
    }
  });
}

const me = { uid: process.getuid!(), gid: process.getgid!() };

function placementOf(words: readonly string[]): { sources: readonly string[]; placement: Placement } {
  const flags = words.filter((word) => word.startsWith('--'));
  const paths = words.filter((word) => !word.startsWith('--'));
  const sources = paths.slice(0, -1);
  const chmod = flags.find((flag) => flag.startsWith('--chmod='))?.slice('--chmod='.length);
  return {
    sources,
    placement: { destination: paths.at(-1)!, several: sources.length > 1, parents: flags.includes('--parents'), owner: me, chmod },
  };
}

async function copy({ context, root }: Trees, text: string, as: 'entries' | 'parts'): Promise<void> {
  const { sources, placement } = placementOf(text.split(' '));
  const selected = await new SourceTree(context, { place: 'the context' }).select(sources, { parents: placement.parents });
  const placed = placeCopy(root, selected, placement);
  makeDirectories(root, placed.directories.map(bytesOf), me);
  await copyEntries({ source: context, target: root, entries: placed[as], xattrs: true });
}

suite('builder/steps/copy-placement', (test) => {
  for (const as of ['entries', 'parts'] as const) {
    for (const { title, copy: text, expected } of CASES) {
      test(`placeCopy() ${text}: ${title} (${as})`, () =>
        withTrees(async (trees) => {
          let failed: unknown;
          await copy(trees, text, as).catch((error: unknown) => {
            failed = error;
          });
          if (expected === 'error') assert.ok(failed instanceof Error, 'it should fail');
          else assert.is(failed, undefined, String(failed));
          assert.equal(changes(BASE, linesOf(trees.rootPath)), expected === 'error' ? [] : expected);
        }));
    }
  }

  test('placeCopy() gives a directory as one tree, unless modes have to be made for each file', () =>
    withTrees(async ({ context, root }) => {
      const selected = await new SourceTree(context, { place: 'the context' }).select(['src']);
      const { placement } = placementOf(['src', '/x']);
      const trees = [...placeCopy(root, selected, { ...placement, timeSeconds: 5 }).parts];
      assert.equal(
        trees.map((part) => ['tree' in part, part.from.toString(), part.to.toString(), part.uid, part.mtimeNs]),
        [[true, 'src', 'x', me.uid, 5_000_000_000n]],
      );
      const { parts, entries } = placeCopy(root, selected, { ...placement, chmod: '0700' });
      assert.equal([...parts], [...entries]);
    }));

  test('placeCopy() gives each entry the owner of --chown, or the one it has', () =>
    withTrees(async ({ context, root }) => {
      const selected = await new SourceTree(context, { place: 'the context' }).select(['src']);
      const base = { destination: '/x', several: false, parents: false, chmod: undefined };
      const given = placeCopy(root, selected, { ...base, owner: { uid: 7, gid: 8 } });
      for (const entry of given.entries) assert.equal([entry.uid, entry.gid], [7, 8]);
      const kept = placeCopy(root, selected, { ...base, owner: undefined });
      for (const entry of kept.entries) assert.equal([entry.uid, entry.gid], [undefined, undefined]);
    }));

  test('placeCopy() leaves the mode of a link alone', () =>
    withTrees(async ({ context, root }) => {
      const selected = await new SourceTree(context, { place: 'the context' }).select(['src']);
      const { entries } = placeCopy(root, selected, { ...placementOf(['src', '/x']).placement, chmod: '0700' });
      assert.equal(
        [...entries].map(({ to, mode }) => [to.toString(), mode]),
        [
          ['x/link', undefined],
          ['x/one', 0o700],
          ['x/sub', 0o700],
          ['x/sub/two', 0o700],
        ],
      );
    }));
});
