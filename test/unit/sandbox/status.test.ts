import * as assert from 'uvu/assert';
import { parseStatus, signalName } from '../../../src/sandbox/status.js';
import { suite } from '../../support/suite.js';

suite('parseStatus()', (test) => {
  test('lines in order', () => {
    const bytes = Buffer.from('{"event":"warning","about":"user"}\n{"event":"exited","code":3}\n');
    assert.equal(parseStatus(bytes), [
      { event: 'warning', about: 'user' },
      { event: 'exited', code: 3 },
    ]);
  });
  test('nothing is no events', () => {
    assert.equal(parseStatus(Buffer.alloc(0)), []);
  });
});

suite('signalName()', (test) => {
  for (const [number, name] of [
    [9, 'SIGKILL'],
    [15, 'SIGTERM'],
    [40, 'SIG40'],
  ] as const)
    test(`${number} is ${name}`, () => {
      assert.is(signalName(number), name);
    });
});
