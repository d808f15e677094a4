import * as assert from 'uvu/assert';
import { type ComparedStep, differencesBetween, distanceBetween } from '../../../../src/builder/steps/explain-miss.js';
import type { SelectionEntry } from '../../../../src/builder/steps/step-key.js';
import { suite } from '../../../support/suite.js';

const STEP: ComparedStep = {
  text: 'RUN make',
  inputs: { 'run.command': 'c1', 'env.PATH': 'p1', 'arg.V': 'v1', 'mount./src': 'm1', platform: 'x' },
  parent: 'parent1',
  base: 'base1',
};

const file = (path: string, size: number): SelectionEntry => ({ path, mode: 0o100644, size, content: `c${size}`, owner: '' });
const noLists = async () => undefined;
const facts = (size: number) => ({ mode: 0o100644, size, content: `c${size}`, owner: '' });

suite('differencesBetween()', (test) => {
  test('nothing differs between equal steps', async () => {
    assert.equal(await differencesBetween(STEP, { ...STEP }, noLists), []);
    assert.is(distanceBetween(STEP, { ...STEP }), 0);
  });

  const cases: readonly (readonly [string, Partial<ComparedStep>, unknown])[] = [
    [
      'the text stands for the command',
      { text: 'RUN make all', inputs: { ...STEP.inputs, 'run.command': 'c2' } },
      [{ kind: 'instruction', before: 'RUN make', after: 'RUN make all' }],
    ],
    [
      'a command that differs under the same text is an input',
      { inputs: { ...STEP.inputs, 'run.command': 'c2' } },
      [{ kind: 'input', name: 'run.command', before: 'c1', after: 'c2' }],
    ],
    [
      'variables come first and by name',
      { inputs: { ...STEP.inputs, platform: 'y', 'env.PATH': 'p2', 'arg.W': 'w1' } },
      [
        { kind: 'variable', instruction: 'ARG', name: 'W', before: undefined, after: 'w1' },
        { kind: 'variable', instruction: 'ENV', name: 'PATH', before: 'p1', after: 'p2' },
        { kind: 'input', name: 'platform', before: 'x', after: 'y' },
      ],
    ],
    [
      'a mount without lists',
      { inputs: { ...STEP.inputs, 'mount./src': 'm2' } },
      [{ kind: 'mount', target: '/src', before: 'm1', after: 'm2' }],
    ],
    ['the parent', { parent: 'parent2' }, [{ kind: 'parent', before: 'parent1', after: 'parent2' }]],
    ['the base image, when the parent differs too', { parent: 'p', base: 'b' }, [{ kind: 'base-image', before: 'base1', after: 'b' }]],
    ['another base with the same content is no difference', { base: 'b' }, []],
  ];
  for (const [title, change, expected] of cases) {
    test(title, async () => {
      assert.equal(await differencesBetween(STEP, { ...STEP, ...change }, noLists), expected);
    });
  }

  test('files are told one by one, five at most, and counted', async () => {
    const before = [file('same', 1), file('gone', 2), file('a', 3)];
    const after = [file('same', 1), file('a', 4), ...[5, 6, 7, 8].map((size) => file(`new${size}`, size))];
    const step = { ...STEP, inputs: { 'copy.content': '1' } };
    const found = await differencesBetween(step, { ...step, inputs: { 'copy.content': '2' } }, async () => [before, after]);
    assert.equal(found, [
      {
        kind: 'files',
        count: 6,
        files: [
          { path: 'a', before: facts(3), after: facts(4) },
          { path: 'gone', before: facts(2), after: undefined },
          { path: 'new5', before: undefined, after: facts(5) },
          { path: 'new6', before: undefined, after: facts(6) },
          { path: 'new7', before: undefined, after: facts(7) },
        ],
      },
    ]);
  });

  test('distanceBetween() counts inputs, text and parent', () => {
    assert.is(distanceBetween(STEP, { text: 'x', parent: 'y', base: 'z', inputs: { ...STEP.inputs, 'env.A': '1', platform: '2' } }), 4);
  });
});
