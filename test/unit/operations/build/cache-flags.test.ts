import * as assert from 'uvu/assert';
import type { Graph } from '../../../../src/builder/graph/index.js';
import { freshStages, parseCacheTtl, takesNothing } from '../../../../src/operations/build/cache-flags.js';
import type { ProgressEvent } from '../../../../src/progress.js';
import { suite } from '../../../support/suite.js';

const GRAPH = {
  allStages: [
    { name: 'build', index: 0 },
    { name: undefined, index: 1 },
    { name: 'last', index: 2 },
  ],
} as unknown as Graph;

function fresh(...lists: string[]): { stages: readonly number[]; warnings: readonly string[] } {
  const warnings: string[] = [];
  const report = (event: ProgressEvent): void => {
    if (event.kind === 'warning') warnings.push(event.text);
  };
  return { stages: [...freshStages(lists, GRAPH, { report })], warnings };
}

suite('cache flags', (test) => {
  for (const [text, expected] of [
    [undefined, Number.POSITIVE_INFINITY],
    ['0', 0],
    ['0s', 0],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
  ] as const) {
    test(`parseCacheTtl() reads ${text}`, () => assert.is(parseCacheTtl(text), expected));
  }

  for (const text of ['', '3', '3 days', '-1h']) {
    test(`parseCacheTtl() refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseCacheTtl(text), /^--cache-ttl: /));
  }

  test('takesNothing() of --no-cache, and of a time of zero', () => {
    assert.ok(takesNothing({ noCache: true }));
    assert.ok(takesNothing({ noCache: false, cacheTtl: '0' }));
    assert.not(takesNothing({ noCache: false, cacheTtl: '1s' }));
    assert.not(takesNothing({ noCache: false }));
  });

  test('freshStages() finds names in any case, and numbers', () => {
    assert.equal(fresh('Build,1').stages, [0, 1]);
    assert.equal(fresh('last', 'build, last').stages, [2, 0]);
    assert.equal(fresh(), { stages: [], warnings: [] });
  });

  test('freshStages() warns of a name that nothing has', () =>
    assert.equal(fresh('bild,,last'), { stages: [2], warnings: ['--no-cache-filter: there is no stage "bild"'] }));
});
