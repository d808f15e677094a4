import { linkSync, lutimesSync, mkdirSync, openSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { ConstantStep, type CopySpec, CopyStep, EMPTY_ROOT, type RootState } from '../../src/builder/steps/index.js';
import type { ExplainableKey, SelectionEntry } from '../../src/builder/steps/step-key.js';
import type { Toolbox } from '../../src/builder/steps/toolbox.js';
import { writeStep } from '../../src/builder/steps/write-step.js';
import { type Context, openContext, openedContext } from '../../src/context/index.js';
import { AT_FDCWD, closeFd, mknodat, setXattr } from '../../src/sys/index.js';
import { suite } from '../support/suite.js';
import { withTempDir } from '../support/temp-dir.js';
import { withToolbox } from '../support/toolbox.js';

const SPEC: CopySpec = {
  kind: 'copy',
  sources: [{ kind: 'path', path: '.' }],
  destination: '/app/',
  chown: undefined,
  chmod: undefined,
  link: false,
  exclude: [],
  parents: false,
};
const { signal } = new AbortController();
const S_IFIFO = 0o010000;
const MTIME = 1_600_000_000;

/** What a COPY names itself by, what it gave, and how many working layers it took before it was run and afterwards. */
interface Copied {
  readonly definition: string;
  readonly entries: readonly SelectionEntry[];
  readonly diffId: string;
  readonly contentDigest: string;
  readonly preparedAhead: number;
  readonly prepared: number;
}

/** The toolbox of a new store; `count` gives the working layers that were made. */
async function withCounted(changes: Partial<Toolbox>, body: (toolbox: Toolbox, count: () => number) => Promise<void>): Promise<void> {
  await withToolbox(changes, async (toolbox) => {
    let prepared = 0;
    const prepare: Toolbox['snapshots']['prepare'] = (lowers, options) => {
      prepared++;
      return toolbox.snapshots.prepare(lowers, options);
    };
    await body({ ...toolbox, snapshots: { ...toolbox.snapshots, prepare } }, () => prepared);
  });
}

async function withContext<T>(directory: string, body: (context: Context) => Promise<T>): Promise<T> {
  const context = await openContext({ directory });
  try {
    return await body(context);
  } finally {
    await context.close();
  }
}

function stepOf(spec: Partial<CopySpec>, parent: RootState, context: Context, toolbox: Toolbox): CopyStep {
  return new CopyStep(
    'COPY',
    new ConstantStep('parent', parent),
    { ...SPEC, ...spec } as CopySpec,
    { context: openedContext(context) },
    toolbox,
  );
}

/** What a COPY from `directory` gives in a new store, on a parent that `before` wrote. */
async function copy(directory: string, spec: Partial<CopySpec>, changes: Partial<Toolbox>, before?: WriteBefore): Promise<Copied> {
  const results: Copied[] = [];
  await withCounted(changes, async (toolbox, count) => {
    const parent =
      before === undefined ? EMPTY_ROOT : await writeStep(EMPTY_ROOT, toolbox, { signal }, async ({ working }) => before(working.upper));
    await withContext(directory, async (context) => {
      const step = stepOf(spec, parent, context, toolbox);
      const start = count();
      const key = await step.key([parent], { signal });
      const preparedAhead = count() - start;
      const root = await step.run([parent], key, { signal });
      const { diffId, contentDigest } = await root.layers.at(-1)!.identity;
      await toolbox.background.settled();
      const entries = [...((key as ExplainableKey).selections['copy.content']?.entries?.() ?? [])];
      results.push({ definition: key.definition, entries, diffId, contentDigest, preparedAhead, prepared: count() - start });
    });
  });
  return results[0]!;
}

/** The same, or why it cannot be made. */
function attempt(...args: Parameters<typeof copy>): Promise<Copied | string> {
  return copy(...args).catch((error: Error) => error.message);
}

type WriteBefore = (upper: string) => void;

// The ordinary way: digest, then copy.
const ORDINARY: Partial<Toolbox> = { importsCache: true };

/** What lies at a path of the context. */
type Made =
  | { readonly kind: 'file'; readonly bytes: number; readonly sparseTo: number; readonly attribute: boolean }
  | { readonly kind: 'directory' | 'fifo' | 'again' }
  | { readonly kind: 'link'; readonly target: string };

const BLOCK = 128 * 1024;
const made: fc.Arbitrary<Made> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('file' as const),
      bytes: fc.constantFrom(0, 1, 4095, 4096, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK),
      sparseTo: fc.constantFrom(0, 0, 0, 5 * BLOCK),
      attribute: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('directory' as const, 'fifo' as const, 'again' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('link' as const), target: fc.constantFrom('a', '../b', '/nowhere') }) },
);
const name = fc.constantFrom('a', 'b', 'c', 'sub', 'ünï');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const tree = fc.array(fc.tuple(path, made), { minLength: 1, maxLength: 12 });
const wanted: fc.Arbitrary<Partial<CopySpec>> = fc.record({
  sources: fc.constantFrom(
    [{ kind: 'path', path: '.' }] as const,
    [{ kind: 'path', path: '*' }] as const,
    [
      { kind: 'path', path: '*' },
      { kind: 'path', path: '*/*' },
    ] as const,
  ),
  destination: fc.constantFrom('/app/', '/', '/there/link/'),
  chown: fc.constantFrom(undefined, '1:2'),
  exclude: fc.constantFrom([], ['**/b']),
  parents: fc.boolean(),
  timeSeconds: fc.constantFrom(undefined, 7),
});

function makeContext(directory: string, entries: readonly (readonly [string, Made])[]): void {
  const files: string[] = [];
  // There is always something to copy, for every pattern.
  for (const [at, entry] of [...entries, ['d/e', { kind: 'file', bytes: 5, sparseTo: 0, attribute: false }] as const]) {
    const target = join(directory, at);
    try {
      mkdirSync(dirname(target), { recursive: true });
      makeOne(target, entry, files);
      if (entry.kind !== 'directory') lutimesSync(target, MTIME, MTIME);
    } catch (error) {
      // Something lies there already, or above it.
      if (!['EEXIST', 'ENOTDIR', 'ELOOP', 'ENOENT', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

function makeOne(target: string, entry: Made, files: string[]): void {
  if (entry.kind === 'directory') mkdirSync(target);
  else if (entry.kind === 'fifo') mknodat(AT_FDCWD, target, S_IFIFO | 0o644);
  else if (entry.kind === 'link') symlinkSync(entry.target, target);
  else if (entry.kind === 'file') makeFile(target, entry, files);
  else if (files.length > 0) linkSync(files[0]!, target);
}

function makeFile(target: string, { bytes, sparseTo, attribute }: Extract<Made, { kind: 'file' }>, files: string[]): void {
  writeFileSync(target, Buffer.alloc(bytes, target.slice(-20)), { flag: 'wx' });
  if (sparseTo > bytes) truncateSync(target, sparseTo);
  files.push(target);
  if (!attribute) return;
  const fd = openSync(target, 'r');
  try {
    setXattr(fd, 'user.note', Buffer.from('kept'));
  } catch (error) {
    // Not every file system has them.
    if ((error as NodeJS.ErrnoException).code !== 'ENOTSUP') throw error;
  } finally {
    closeFd(fd);
  }
}

/** A parent with a directory and a link that a copy goes through, and with files in its way. */
function makeParent(upper: string): void {
  for (const at of ['there/real', 'app', 'app/a']) mkdirSync(join(upper, at), { recursive: true });
  symlinkSync('real', join(upper, 'there/link'));
  writeFileSync(join(upper, 'b'), 'in the way');
  // The copy goes into some of them, which then get a time of their own.
  for (const at of ['app', 'there/real', '.']) lutimesSync(join(upper, at), MTIME, MTIME);
}

suite('a COPY that is digested while it is copied', (test) => {
  test('has the definition and gives the layer of one that is digested before, whatever it copies', async () => {
    let ahead = 0;
    await fc.assert(
      fc.asyncProperty(tree, wanted, fc.boolean(), async (entries, spec, onParent) =>
        withTempDir(async (directory) => {
          makeContext(directory, entries);
          const before = onParent ? makeParent : undefined;
          const [first, second] = [await attempt(directory, spec, {}, before), await attempt(directory, spec, ORDINARY, before)];
          // Some cannot be made: a file takes the place of a directory that another source has filled.
          if (typeof first === 'string' || typeof second === 'string') return assert.equal(first, second);
          ahead += first.preparedAhead;
          assert.equal([second.preparedAhead, first.prepared, second.prepared], [0, 1, 1]);
          assert.is(first.definition, second.definition);
          assert.equal(first.entries, second.entries);
          // Directories that the copy makes, or makes something in, have the time of the copy: of them only the digest without times tells.
          assert.is(first.contentDigest, second.contentDigest);
        }),
      ),
      { numRuns: 60, seed: 4 },
    );
    assert.ok(ahead > 40, `${ahead} of 60 were copied ahead`);
  });

  test('of a directory the layer is the same byte for byte', () =>
    withTempDir(async (directory) => {
      makeContext(directory, [
        ['a/b', { kind: 'file', bytes: BLOCK, sparseTo: 5 * BLOCK, attribute: true }],
        ['a/c', { kind: 'again' }],
        ['b', { kind: 'link', target: 'a' }],
      ]);
      for (const at of ['a', 'd']) lutimesSync(join(directory, at), MTIME, MTIME);
      const before = (upper: string): void => mkdirSync(join(upper, 'app'));
      const spec = { timeSeconds: MTIME, destination: '/' };
      const [first, second] = [await copy(directory, spec, {}), await copy(directory, spec, ORDINARY)];
      assert.is(first.diffId, second.diffId);
      assert.is(first.preparedAhead, 1);
      assert.is((await copy(directory, { destination: '/app/' }, {}, before)).preparedAhead, 1);
    }));

  test('goes by what was made in the store before: then it is digested first', () =>
    withTempDir(async (directory) => {
      makeContext(directory, []);
      await withCounted({}, async (toolbox, count) => {
        const prepared = async (spec: Partial<CopySpec> = {}): Promise<number> =>
          withContext(directory, async (context) => {
            const step = stepOf(spec, EMPTY_ROOT, context, toolbox);
            const start = count();
            const key = await step.key([EMPTY_ROOT], { signal });
            const ahead = count() - start;
            await step.run([EMPTY_ROOT], key, { signal });
            await toolbox.background.settled();
            return ahead;
          });
        assert.is(await prepared(), 1);
        writeFileSync(join(directory, 'another'), '');
        assert.is(await prepared(), 0);
        assert.is(await prepared({ destination: '/other/' }), 1);
        assert.is(await prepared({ destination: '/third/', chmod: '600' }), 0);
      });
    }));

  test('of two at it at once one copies, and the other waits for its name', () =>
    withTempDir(async (directory) => {
      makeContext(directory, []);
      await withCounted({}, async (toolbox, count) =>
        withContext(directory, async (context) => {
          const keys = await Promise.all([1, 2].map(() => stepOf({}, EMPTY_ROOT, context, toolbox).key([EMPTY_ROOT], { signal })));
          assert.is(keys[0]!.definition, keys[1]!.definition);
          assert.is(count(), 1);
          for (const key of keys) key.unused?.();
        }),
      );
    }));

  test('leaves nothing when it is not wanted, and nothing when it fails', () =>
    withTempDir(async (directory) => {
      makeContext(directory, []);
      await withCounted({}, async (toolbox, count) =>
        withContext(directory, async (context) => {
          const key = await stepOf({}, EMPTY_ROOT, context, toolbox).key([EMPTY_ROOT], { signal });
          const scratch = await toolbox.store.scratch.dir();
          assert.is(readdirSync(scratch).length, 1);
          key.unused?.();
          key.unused?.();
          assert.equal(readdirSync(scratch), []);
          // The image has no such user: that is for the step to say.
          const failing = stepOf({ chown: 'nobody-of-that-name' }, EMPTY_ROOT, context, toolbox);
          const name = await failing.key([EMPTY_ROOT], { signal });
          assert.is(count(), 2);
          assert.equal(readdirSync(scratch), []);
          const error = await failing.run([EMPTY_ROOT], name, { signal }).catch((reason: Error) => reason);
          assert.match(String(error), /nobody-of-that-name/);
        }),
      );
    }));

  test('what is copied is what was digested, though the file changes afterwards', () =>
    withTempDir(async (directory) => {
      makeContext(directory, [['f', { kind: 'file', bytes: 10, sparseTo: 0, attribute: false }]]);
      const expected = await copy(directory, {}, ORDINARY);
      await withCounted({}, async (toolbox) =>
        withContext(directory, async (context) => {
          const step = stepOf({}, EMPTY_ROOT, context, toolbox);
          const key = await step.key([EMPTY_ROOT], { signal });
          writeFileSync(join(directory, 'f'), 'too late');
          rmSync(join(directory, 'd'), { recursive: true });
          const root = await step.run([EMPTY_ROOT], key, { signal });
          assert.is(key.definition, expected.definition);
          assert.is((await root.layers.at(-1)!.identity).contentDigest, expected.contentDigest);
        }),
      );
    }));
});
