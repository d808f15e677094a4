import * as assert from 'uvu/assert';
import { formatDifferences } from '../../../src/ui/reproducibility-report.js';
import { suite } from '../../support/suite.js';

suite('ui/reproducibility-report', (test) => {
  test('formatDifferences() shows values, layers and files, and how to decide times', () => {
    const text = formatDifferences('aa', 'bb', {
      values: [{ name: 'created', first: '1', second: '2' }],
      layers: [
        {
          position: 2,
          createdBy: '/bin/sh -c make ',
          first: 'sha256:1',
          second: 'sha256:2',
          files: [
            { path: 'a', kind: 'only-first', fields: [] },
            {
              path: 'b\u001b',
              kind: 'changed',
              fields: [
                { name: 'mode', first: '0644', second: '0600' },
                { name: 'size', first: '1', second: '2' },
              ],
            },
          ],
        },
        { position: 3, createdBy: '', first: 'sha256:3', second: 'sha256:3', files: [] },
      ],
    });
    assert.is(
      text,
      [
        'Not reproducible: two builds gave aa and bb',
        '  created: 1 / 2',
        '  layer 2 (/bin/sh -c make): sha256:1 / sha256:2',
        '    a: only in the first build',
        '    b?: mode 0644 / 0600, size 1 / 2',
        '  layer 3: sha256:3 / sha256:3',
        '    the same files, compressed to other bytes',
        'Times differ: --source-date-epoch N --rewrite-timestamp, or --timestamp N, decides them',
        '',
      ].join('\n'),
    );
  });

  test('formatDifferences() stops after fifty files of a layer', () => {
    const files = Array.from({ length: 52 }, (_, at) => ({ path: `f${at}`, kind: 'only-first' as const, fields: [] }));
    const text = formatDifferences('aa', 'bb', { values: [], layers: [{ position: 1, createdBy: '', first: '1', second: '2', files }] });
    assert.match(text, /f49: only.*\n {4}and 2 more files\n$/);
  });
});
