import * as assert from 'uvu/assert';
import type { Difference, StepDecision } from '../../../src/progress.js';
import { formatDecision } from '../../../src/ui/index.js';
import { suite } from '../../support/suite.js';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const [A, B] = [digest('a'), digest('b')];
const facts = (size: number) => ({ mode: 0o100755, size, content: '0123456789abcdef0123456789abcdef', owner: '' });

function changed(...differences: Difference[]): StepDecision {
  return { outcome: 'miss', cause: 'changed', nearest: { recordedAt: 'THEN', text: 'RUN a' }, differences };
}

suite('formatDecision()', (test) => {
  const cases: readonly (readonly [StepDecision, string])[] = [
    [{ outcome: 'none' }, ''],
    [{ outcome: 'base', digest: A }, `cache: base image ${A}\n`],
    [{ outcome: 'hit', recordedAt: 'THEN' }, 'cache: hit, recorded THEN\n'],
    [{ outcome: 'miss', cause: 'new', differences: [] }, 'cache: miss, nothing like it was built here before\n'],
    [{ outcome: 'miss', cause: 'lost', differences: [] }, 'cache: miss, its layer is no longer in the store\n'],
    [
      changed({ kind: 'instruction', before: 'RUN a\nb', after: 'RUN c' }),
      'cache: miss, not as recorded THEN\n  instruction: was RUN a\\nb\n',
    ],
    [
      changed(
        { kind: 'variable', instruction: 'ARG', name: 'V', before: A, after: B },
        { kind: 'variable', instruction: 'ENV', name: 'W', after: B },
        { kind: 'variable', instruction: 'ENV', name: 'X', before: A },
      ),
      'cache: miss, not as recorded THEN\n  ARG V: aaaaaaaaaaaa -> bbbbbbbbbbbb\n  ENV W: new, bbbbbbbbbbbb\n  ENV X: gone, was aaaaaaaaaaaa\n',
    ],
    [
      changed({
        kind: 'files',
        count: 8,
        files: [
          { path: 'a\u001b[2J', before: facts(1), after: facts(2) },
          { path: 'b', after: { mode: 0o40700, size: 0, content: '', owner: '1:2' } },
        ],
      }),
      'cache: miss, not as recorded THEN\n  a?[2J: 1 bytes mode 0755 0123456789ab -> 2 bytes mode 0755 0123456789ab\n  b: new, 0 bytes mode 0700 owner 1:2\n  and 6 more\n',
    ],
    [
      changed({ kind: 'base-image', before: A, after: B }),
      'cache: miss, not as recorded THEN\n  base image: aaaaaaaaaaaa -> bbbbbbbbbbbb\n',
    ],
  ];
  for (const [decision, expected] of cases) {
    test(`${decision.outcome} ${expected.slice(0, 60).trim()}`, () => assert.is(formatDecision(decision), expected));
  }
});
