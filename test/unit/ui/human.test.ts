import * as assert from 'uvu/assert';
import { formatAge, formatGoTime, formatSize, formatTable, shortId } from '../../../src/ui/index.js';
import { suite } from '../../support/suite.js';

const now = new Date('2026-01-15T12:00:00Z');
const secondsAgo = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);

suite('ui/human', (test) => {
  // Sizes as Debian's buildah 1.28 shows them.
  for (const [bytes, text] of [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 KB'],
    [22_130, '22.1 KB'],
    [999_499, '999 KB'],
    [999_500, '1 MB'],
    [1_985_644, '1.99 MB'],
    [123_456_789_012, '123 GB'],
  ] as const) {
    test(`formatSize() of ${bytes}`, () => assert.is(formatSize(bytes), text));
  }

  // https://github.com/docker/go-units/blob/v0.5.0/duration_test.go
  for (const [seconds, text] of [
    [0.45, 'Less than a second'],
    [1, '1 second'],
    [47, '47 seconds'],
    [60, 'About a minute'],
    [180, '3 minutes'],
    [35 * 60, '35 minutes'],
    [3600, 'About an hour'],
    [45 * 60 + 3600, '2 hours'],
    [3 * 3600, '3 hours'],
    [47 * 3600, '47 hours'],
    [48 * 3600, '2 days'],
    [14 * 86_400, '2 weeks'],
    [4 * 7 * 86_400, '4 weeks'],
    [60 * 86_400, '2 months'],
    [24 * 30 * 86_400, '24 months'],
    [800 * 86_400, '2 years'],
  ] as const) {
    test(`formatAge() of ${seconds} seconds`, () => assert.is(formatAge(secondsAgo(seconds), now), `${text} ago`));
  }

  test('formatGoTime() leaves out trailing zeros of the fraction', () => {
    assert.is(formatGoTime(new Date('2026-11-22T04:00:50.030Z')), '2026-11-22 04:00:50.03 +0000 UTC');
    assert.is(formatGoTime(new Date('2026-11-22T04:00:50.000Z')), '2026-11-22 04:00:50 +0000 UTC');
  });

  test('formatTable() aligns all columns but the last', () => {
    const rows = [
      ['A', 'TAG', 'SIZE'],
      ['longer', 'x', '1 B'],
    ];
    assert.is(formatTable(rows), 'A        TAG   SIZE\nlonger   x     1 B\n');
    assert.is(formatTable([]), '');
  });

  test('shortId() takes twelve digits, of a digest too', () => {
    assert.is(shortId('sha256:0123456789abcdef'), '0123456789ab');
    assert.is(shortId('0123456789abcdef'), '0123456789ab');
  });
});
