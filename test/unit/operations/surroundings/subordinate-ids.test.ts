import * as assert from 'uvu/assert';
import { pickIds } from '../../../../src/operations/surroundings/auto-ids.js';
import { asOwn, withinOwn } from '../../../../src/operations/surroundings/id-maps.js';
import { parseSubordinate } from '../../../../src/operations/surroundings/subordinate-ids.js';
import { suite } from '../../../support/suite.js';

const messageOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

type WithoutText<Parameters> = Parameters extends [...infer Others, string] ? Others : never;

suite('subordinate ids', (test) => {
  test('parseSubordinate() takes the lines of one name, several if there are', () => {
    const text = 'ann:100000:65536\nbob:200000:10\n# ann:1:1\nann:300000:1000\nann:x:1\nann:5:0\nanna:7:7\n';
    assert.equal(parseSubordinate(text, 'ann'), [
      { first: 100000, count: 65536 },
      { first: 300000, count: 1000 },
    ]);
    assert.equal(parseSubordinate(text, 'carl'), []);
  });

  test('withinOwn() cuts ranges where those of the builder end', () => {
    const own = [
      { inside: 0, outside: 1000, count: 1 },
      { inside: 1, outside: 100000, count: 65536 },
    ];
    assert.equal(withinOwn([{ inside: 0, outside: 0, count: 3 }], own, '--flag'), [
      { inside: 0, outside: 0, count: 1 },
      { inside: 1, outside: 1, count: 2 },
    ]);
    assert.equal(withinOwn([{ inside: 7, outside: 65536, count: 1 }], own, '--flag'), [{ inside: 7, outside: 65536, count: 1 }]);
    assert.match(
      messageOf(() => withinOwn([{ inside: 0, outside: 65536, count: 2 }], own, '--flag')),
      '--flag: the id 65537 is not among those that tsbuild has',
    );
  });

  const RANGE = [{ first: 500000, count: 200000 }];
  const cases: readonly (readonly [title: string, parameters: WithoutText<Parameters<typeof pickIds>>, expected: number])[] = [
    ['the first of the range', [RANGE, RANGE, 65536, []], 500000],
    ['behind what is taken', [RANGE, RANGE, 65536, [{ first: 500000, count: 65536 }]], 565536],
    [
      'in a gap that is large enough',
      [
        RANGE,
        RANGE,
        1000,
        [
          { first: 500000, count: 10 },
          { first: 501010, count: 9 },
        ],
      ],
      500010,
    ],
    [
      'not in a gap that is too small',
      [
        RANGE,
        RANGE,
        1001,
        [
          { first: 500000, count: 10 },
          { first: 501010, count: 9 },
        ],
      ],
      501019,
    ],
    ['where users and groups both have ids', [RANGE, [{ first: 600000, count: 200000 }], 1000, []], 600000],
    ['all there are', [RANGE, RANGE, 200000, [{ first: 1, count: 10 }]], 500000],
  ];
  for (const [title, parameters, expected] of cases)
    test(`pickIds() takes ${title}`, () => assert.is(pickIds(...parameters, 'free'), expected));

  test('pickIds() says what is missing', () => {
    assert.match(
      messageOf(() => pickIds(RANGE, RANGE, 200001, [], 'of "x" are free')),
      'no 200001 ids of "x" are free',
    );
    assert.match(
      messageOf(() => pickIds(RANGE, [{ first: 900000, count: 65536 }], 1, [], 'in both')),
      'no 1 ids in both',
    );
  });

  test('asOwn() says ids of the machine as those of the builder, cut at their borders', () => {
    const own = [
      { inside: 0, outside: 1000, count: 1 },
      { inside: 1, outside: 100000, count: 10 },
      { inside: 11, outside: 100010, count: 10 },
    ];
    assert.equal(asOwn([{ inside: 0, outside: 100005, count: 10 }], own, 'the file'), [
      { inside: 0, outside: 6, count: 5 },
      { inside: 5, outside: 11, count: 5 },
    ]);
    assert.match(
      messageOf(() => asOwn([{ inside: 0, outside: 100015, count: 10 }], own, 'the file')),
      'the file: the id 100020 is not among those that tsbuild has',
    );
  });
});
