import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type CopySourcesOptions, digestSources, escapeWildcards, withSources } from '../../../../src/builder/steps/copy-sources.js';
import { makeLooseFiles } from '../../../../src/builder/steps/loose-files.js';
import { type ContextSource, openContext, openedContext } from '../../../../src/context/index.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';
import { withToolbox } from '../../../support/toolbox.js';

const { signal } = new AbortController();
const path = (text: string) => ({ kind: 'path', path: text }) as const;
const text = (name: string, content: string) => ({ kind: 'text', name, content }) as const;

function options(sources: CopySourcesOptions['sources'], more: Partial<CopySourcesOptions> = {}): CopySourcesOptions {
  return { sources, exclude: [], parents: false, loose: undefined, repositories: [], ...more };
}

async function withContext(body: (context: ContextSource) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    mkdirSync(join(directory, 'dir'));
    for (const name of ['a', 'b', 'dir/c']) writeFileSync(join(directory, name), name);
    const context = await openContext({ directory });
    try {
      await body(openedContext(context));
    } finally {
      await context.close();
    }
  });
}

suite('digestSources()', (test) => {
  test('says in a word what is copied, and lists it', () =>
    withToolbox({}, (toolbox) =>
      withContext(async (context) => {
        for (const [sources, kind, listed] of [
          [[path('a')], 'file', ['a']],
          [[path('dir')], 'dir', ['dir/c']],
          [[path('a'), path('b')], 'multi', ['a', 'b']],
          [[path('[ab]')], 'multi', ['a', 'b']],
        ] as const) {
          const { digest, entries } = await digestSources(options(sources), { context }, toolbox, signal);
          assert.match(digest, new RegExp(`^${kind}:[0-9a-f]{64}$`));
          const files = [...entries!()].filter(({ content }) => content !== '');
          assert.equal(
            files.map((entry) => entry.path),
            listed,
          );
        }
      }),
    ));

  test('texts of the instruction count by name and content', () =>
    withToolbox({}, (toolbox) =>
      withContext(async (context) => {
        const digests: string[] = [];
        for (const source of [text('f', 'one'), text('f', 'two'), text('g', 'one'), text('f', 'one')]) {
          const loose = await makeLooseFiles([source], undefined, toolbox, signal);
          digests.push((await digestSources(options([source], { loose }), { context }, toolbox, signal)).digest);
        }
        assert.is(new Set(digests).size, 3);
        assert.is(digests[3], digests[0]);
      }),
    ));

  test('a source that is not there is an error', () =>
    withToolbox({}, (toolbox) =>
      withContext(async (context) => {
        await rejects(digestSources(options([path('none')]), { context }, toolbox, signal), { code: 'SOURCE_NOT_FOUND' });
      }),
    ));
});

suite('withSources()', (test) => {
  test('gives texts first, then paths, none with owners of its own', () =>
    withToolbox({}, (toolbox) =>
      withContext(async (context) => {
        const sources = [path('b'), text('f', 'one'), path('a')];
        const loose = await makeLooseFiles(sources, undefined, toolbox, signal);
        const groups = await withSources(options(sources, { loose }), { context }, toolbox, signal, async (found) =>
          found.map((group) => [group.keepOwners, ...group.sources.map(({ name }) => name.toString())]),
        );
        assert.equal(groups, [
          [false, 'f'],
          [false, 'b', 'a'],
        ]);
      }),
    ));
});

suite('escapeWildcards()', (test) => {
  test('makes a name mean itself alone', () => assert.is(escapeWildcards('a*[b]?\\'), 'a\\*\\[b]\\?\\\\'));
});
