import * as assert from 'uvu/assert';
import { formatStatus, parseDiagnostics, printable } from '../../../src/registry/diagnostics.js';
import { suite } from '../../support/suite.js';

const cases: readonly [body: string, expected: string][] = [
  ['{"errors":[{"code":"DENIED","message":"no"}]}', '403 DENIED: no'],
  ['{"errors":[{"code":"A","message":"a"},{"code":"B"}]}', '403 A: a; B'],
  ['{"details":"incorrect username or password"}', '403 incorrect username or password'],
  ['{"message":"Not Found"}', '403 Not Found'],
  ['{"error":"invalid_grant","error_description":"expired"}', '403 expired'],
  ['{"errors":[{"code":1,"message":{"a":[]}}]}', '403'],
  ['{"errors":[null]}', '403'],
  ['{"errors":{}}', '403'],
  ['null', '403'],
  ['<html>', '403'],
  ['', '403'],
];

suite('parseDiagnostics() and formatStatus()', (test) => {
  for (const [body, expected] of cases)
    test(`${body} gives ${expected}`, () => assert.is(formatStatus(403, parseDiagnostics(body)), expected));
});

suite('printable()', (test) => {
  test('leaves nothing that steers a terminal', () => assert.is(printable('a\u001b[2J\r\nb\u202e\u2028c\u0000'), 'a [2J b c'));
  test('cuts long texts', () => assert.is(printable('x'.repeat(10_000)).length, 300));
});
