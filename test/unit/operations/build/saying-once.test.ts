import * as assert from 'uvu/assert';
import { sayingOnce } from '../../../../src/operations/build/saying-once.js';
import type { ProgressEvent } from '../../../../src/progress.js';
import { suite } from '../../../support/suite.js';

suite('sayingOnce()', (test) => {
  test('what was told is not told again; what happens again is', () => {
    const heard: ProgressEvent[] = [];
    const { report } = sayingOnce({ report: (event) => void heard.push(event) });
    const findings = (line: number): ProgressEvent => ({ kind: 'findings', findings: [{ rule: 'A', message: 'b', line }] });
    const events: ProgressEvent[] = [
      { kind: 'warning', text: 'a' },
      { kind: 'note', text: 'a' },
      findings(1),
      { kind: 'tagged', name: 'x' },
    ];
    for (const event of [...events, ...events, findings(2)]) report(event);
    assert.equal(heard, [...events, { kind: 'tagged', name: 'x' }, findings(2)]);
  });
});
