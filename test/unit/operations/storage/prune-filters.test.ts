import * as assert from 'uvu/assert';
import { parsePruneFilters, parseSpan } from '../../../../src/operations/storage/prune-filters.js';
import { suite } from '../../../support/suite.js';

const NOW = new Date('2026-06-15T12:00:00Z');

suite('parsePruneFilters()', (test) => {
  const rows: readonly [filter: string, expected: object][] = [
    ['until=24h', { labels: [], until: new Date('2026-06-14T12:00:00Z') }],
    ['until=1h30m', { labels: [], until: new Date('2026-06-15T10:30:00Z') }],
    ['until=10d', { labels: [], until: new Date('2026-06-05T12:00:00Z') }],
    ['until=2026-01-31', { labels: [], until: new Date('2026-01-31T00:00:00Z') }],
    ['until=2026-01-31T10:00:00Z', { labels: [], until: new Date('2026-01-31T10:00:00Z') }],
    ['until=1750000000', { labels: [], until: new Date(1_750_000_000_000) }],
    ['unused-for=7d', { labels: [], unusedSince: new Date('2026-06-08T12:00:00Z') }],
    ['size=100MB', { labels: [], minBytes: 100 * 1024 * 1024 }],
    ['label=a', { labels: [{ name: 'a', value: undefined, present: true }] }],
    ['label=a=b=c', { labels: [{ name: 'a', value: 'b=c', present: true }] }],
    ['label!=a=b', { labels: [{ name: 'a', value: 'b', present: false }] }],
  ];
  for (const [filter, expected] of rows) test(filter, () => assert.equal(parsePruneFilters([filter], NOW), expected));

  for (const filter of ['until', 'until=', 'until=-1h', 'until=soon', 'unused-for=x', 'size=big', 'colour=red', 'until!=1h', '=x']) {
    test(`"${filter}" is refused`, () => assert.throws(() => parsePruneFilters([filter], NOW), /invalid filter/));
  }

  test('parseSpan() takes days beside Go durations', () => {
    assert.is(parseSpan('30d'), 30 * 86_400_000);
    assert.is(parseSpan('90m'), 5_400_000);
    assert.is(parseSpan('-90m'), undefined);
    assert.is(parseSpan('1.5d'), undefined);
  });
});
