import * as assert from 'uvu/assert';
import { filterImages } from '../../../../src/commands/images/image-filter.js';
import { formatImages } from '../../../../src/commands/images/image-list.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';

const now = new Date('2026-01-15T12:00:00Z');
const rows = [
  {
    names: ['localhost/app:latest', 'host:5000/app:1'],
    id: 'ae5ef12b3c77'.padEnd(64, '0'),
    digest: 'sha256:41c1',
    created: new Date('2026-01-15T11:59:15Z'),
    sizeBytes: 1_985_644,
    labels: { tier: 'web', empty: '' },
  },
  {
    names: [],
    id: '19caf3cc1a15'.padEnd(64, '0'),
    digest: 'sha256:99',
    created: new Date('2026-01-10T12:00:00Z'),
    sizeBytes: 1000,
    labels: {},
  },
];

suite('commands/image-list', (test) => {
  test('formatImages() is a table with a line for each name', () => {
    assert.is(
      formatImages(rows, {}, now),
      `REPOSITORY      TAG      IMAGE ID       CREATED          SIZE
localhost/app   latest   ae5ef12b3c77   45 seconds ago   1.99 MB
host:5000/app   1        ae5ef12b3c77   45 seconds ago   1.99 MB
<none>          <none>   19caf3cc1a15   5 days ago       1 KB
`,
    );
  });

  test('formatImages() without images is the heading alone, an empty list as JSON, and nothing when quiet', () => {
    assert.is(formatImages([], {}, now), 'REPOSITORY   TAG   IMAGE ID   CREATED   SIZE\n');
    assert.is(formatImages([], { json: true }, now), '[]\n');
    assert.is(formatImages([], { quiet: true }, now), '');
    assert.is(formatImages([], { noheading: true }, now), '');
  });

  test('formatImages() shows IDs once, whole when asked', () => {
    assert.is(formatImages(rows, { quiet: true }, now), 'ae5ef12b3c77\n19caf3cc1a15\n');
    assert.is(formatImages(rows.slice(1), { quiet: true, 'no-trunc': true }, now), `sha256:${'19caf3cc1a15'.padEnd(64, '0')}\n`);
  });

  test("formatImages() has Buildah's JSON keys", () => {
    const [first, second] = JSON.parse(formatImages(rows, { json: true }, now));
    assert.equal(first, {
      id: 'ae5ef12b3c77',
      names: rows[0]?.names,
      digest: 'sha256:41c1',
      createdat: '45 seconds ago',
      size: '1.99 MB',
      created: 1_768_478_355,
      createdatraw: '2026-01-15T11:59:15Z',
      readonly: false,
      history: null,
    });
    assert.is(second.names, null);
  });

  test('formatImages() applies a template to each line and aligns fields', () => {
    assert.is(
      formatImages(rows, { format: '{{.Name}} {{.Tag}}' }, now),
      'localhost/app   latest\nhost:5000/app   1\n<none>          <none>\n',
    );
    assert.is(formatImages(rows.slice(1), { format: 'table {{.ID}}\\t{{.Size}}' }, now), 'IMAGE ID       SIZE\n19caf3cc1a15   1 KB\n');
    assert.is(formatImages(rows.slice(1), { format: '{{.Name}}:{{.Tag}}' }, now), '<none>:<none>\n');
  });

  for (const [filter, ids] of [
    ['dangling=true', ['19caf3cc1a15']],
    ['dangling=false', ['ae5ef12b3c77']],
    ['reference=app', ['ae5ef12b3c77']],
    ['reference=app:1', ['ae5ef12b3c77']],
    ['reference=ap', []],
    ['reference=a*', ['ae5ef12b3c77']],
    ['since=19caf3cc1a15', ['ae5ef12b3c77']],
    ['before=app', ['19caf3cc1a15']],
    ['id=19ca', ['19caf3cc1a15']],
    ['readonly=true', []],
  ] as const) {
    test(`filterImages() by ${filter}`, () => {
      assert.equal(
        filterImages(rows, [filter]).map((row) => row.id.slice(0, 12)),
        ids,
      );
    });
  }

  test('filterImages() refuses what it does not know', async () => {
    await rejects(() => filterImages(rows, ['colour=red']), { code: 'USAGE', message: /unsupported image filter "colour"/ });
    await rejects(() => filterImages(rows, ['dangling']), { code: 'USAGE', message: /must be in the format "filter=value"/ });
    await rejects(() => filterImages(rows, ['before=nope']), { code: 'USAGE', message: /image not known/ });
  });

  test('filterImages() by label wants the label, and its value when one is given', () => {
    for (const [filter, count] of [
      ['label=tier', 1],
      ['label=tier=web', 1],
      ['label=tier=db', 0],
      ['label=empty', 1],
      ['label=empty=', 1],
      ['label=other', 0],
      ['intermediate=true', 0],
      ['intermediate=false', 2],
    ] as const)
      assert.is(filterImages(rows, [filter]).length, count, filter);
  });
});
