import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ConstantStep, type CopySpec, CopyStep, EMPTY_ROOT, knownLayer, type RootState } from '../../../../src/builder/steps/index.js';
import type { Toolbox } from '../../../../src/builder/steps/toolbox.js';
import { openContext, openedContext } from '../../../../src/context/index.js';
import type { ContentDigest, DiffId } from '../../../../src/image/index.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';
import { withToolbox } from '../../../support/toolbox.js';

const SPEC: CopySpec = {
  kind: 'copy',
  sources: [{ kind: 'path', path: 'src' }],
  destination: '/app/',
  chown: undefined,
  chmod: undefined,
  link: false,
  exclude: [],
  parents: false,
};

interface Scene {
  readonly directory: string;
  /** The key of a COPY from that directory. */
  readonly keyOf: (spec?: Partial<CopySpec>, parent?: RootState) => ReturnType<CopyStep['key']>;
}

async function withScene(body: (scene: Scene) => Promise<void>, changes: Partial<Toolbox> = {}): Promise<void> {
  await withToolbox(changes, (toolbox) =>
    withTempDir(async (directory) => {
      mkdirSync(join(directory, 'src'));
      for (const name of ['a', 'b']) writeFileSync(join(directory, 'src', name), name, { mode: 0o644 });
      await body({
        directory,
        keyOf: async (spec = {}, parent = EMPTY_ROOT) => {
          const context = await openContext({ directory });
          try {
            const from = { context: openedContext(context) };
            const step = new CopyStep('COPY', new ConstantStep('parent', parent), { ...SPEC, ...spec } as CopySpec, from, toolbox);
            return await step.key([parent], { signal: new AbortController().signal });
          } finally {
            await context.close();
          }
        },
      });
    }),
  );
}

const changes: readonly (readonly [string, Partial<CopySpec>, (directory: string) => void])[] = [
  ['the destination', { destination: '/other/' }, () => {}],
  ['--chown', { chown: '1:2' }, () => {}],
  ['--chmod', { chmod: '600' }, () => {}],
  ['a second source', { sources: [...SPEC.sources, { kind: 'path', path: 'src' }] }, () => {}],
  ['--parents', { parents: true } as Partial<CopySpec>, () => {}],
  ['a file that is left out', { exclude: ['b'] }, () => {}],
  ['the content of a file', {}, (directory) => writeFileSync(join(directory, 'src/a'), 'A')],
  ['the mode of a file', {}, (directory) => chmodSync(join(directory, 'src/a'), 0o755)],
  ['a new file', {}, (directory) => writeFileSync(join(directory, 'src/c'), '')],
];

suite('CopyStep', (test) => {
  for (const [what, spec, change] of changes) {
    test(`key() changes with ${what}`, () =>
      withScene(async ({ directory, keyOf }) => {
        const { definition } = await keyOf();
        change(directory);
        assert.is.not((await keyOf(spec)).definition, definition);
      }));
  }

  test('key() does not change with times, nor with what a pattern calls the same files', () =>
    withScene(async ({ directory, keyOf }) => {
      const { definition } = await keyOf();
      utimesSync(join(directory, 'src/a'), 1, 1);
      writeFileSync(join(directory, 'beside'), 'not copied');
      assert.is((await keyOf()).definition, definition);
      assert.is((await keyOf({ exclude: ['*.none'] })).definition, definition);
    }));

  test('the parent is no part of the definition, but of the key', () =>
    withScene(async ({ keyOf }) => {
      const digest = `sha256:${'a'.repeat(64)}`;
      const layer = knownLayer({ diffId: digest as DiffId, contentDigest: digest as ContentDigest, empty: false });
      const [one, two] = [await keyOf(), await keyOf({}, { layers: [layer], addedLayer: true })];
      assert.is(one.definition, two.definition);
      assert.is.not(await one.parentContent(), await two.parentContent());
    }));

  test('a time that is decided, and the platform, are part of it', async () => {
    const keys: string[] = [];
    for (const toolbox of [{}, { timestampSeconds: 1 }, { clampSeconds: 1 }, { platform: 'linux/arm64' }])
      await withScene(async ({ keyOf }) => void keys.push((await keyOf()).definition), toolbox);
    assert.is(new Set(keys).size, 4);
  });
});
