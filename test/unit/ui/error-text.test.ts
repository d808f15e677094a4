import * as assert from 'uvu/assert';
import { TsbuildError, UsageError } from '../../../src/errors.js';
import { parseContainerfile } from '../../../src/parser/index.js';
import { formatError } from '../../../src/ui/index.js';
import { suite } from '../../support/suite.js';

class FullError extends TsbuildError {
  readonly code = 'STORE_FULL';
}

function systemError(code: string, fields: object): Error {
  return Object.assign(new Error(`${code}: some words`), { code, syscall: 'open', ...fields });
}

suite('ui/error-text', (test) => {
  test('formatError() is one paragraph with the hint below', async () => {
    assert.is(
      await formatError(new UsageError('unknown flag: --x', { hint: 'Did you mean --y?' }), false),
      'Error: unknown flag: --x\nDid you mean --y?\n',
    );
  });

  test('formatError() adds the cause when the system had a reason', async () => {
    const error = new FullError('Cannot write layer', { cause: systemError('ENOSPC', { path: '/store/blob' }) });
    assert.match(
      await formatError(error, false),
      /^Error: Cannot write layer\nCause: open "\/store\/blob": no space left on device: free some space/,
    );
  });

  for (const [code, fields, pattern] of [
    ['EACCES', { path: '/root/x' }, /open "\/root\/x": permission denied/],
    ['ECONNREFUSED', { address: '127.0.0.1', port: 5000, syscall: 'connect' }, /connect 127\.0\.0\.1:5000: nothing listens there/],
    ['ENOTFOUND', { hostname: 'nowhere.test', syscall: 'getaddrinfo' }, /getaddrinfo nowhere\.test: the host name cannot be resolved/],
    ['EWEIRD', { path: '/x' }, /open "\/x": EWEIRD/],
  ] as const) {
    test(`formatError() explains ${code} and has no stack`, async () => {
      const text = await formatError(systemError(code, fields), false);
      assert.match(text, pattern);
      assert.not.match(text, /\n {4}at /);
    });
  }

  test('formatError() shows the stack and its causes only when asked', async () => {
    const error = new UsageError('outer', { cause: new RangeError('inner') });
    assert.not.match(await formatError(error, false), / at /);
    const text = await formatError(error, true);
    assert.match(text, /UsageError: outer\n {4}at /);
    assert.match(text, /Caused by: RangeError: inner/);
  });

  test('formatError() shows the line of a Containerfile with a caret', async () => {
    let failure: unknown;
    try {
      parseContainerfile({ name: 'Containerfile', text: 'FROM scratch\nRUM true\n' });
    } catch (error) {
      failure = error;
    }
    const text = await formatError(failure, false);
    assert.match(text, /^Error: Containerfile:2:1: /);
    assert.match(text, />> 2 \| RUM true\n {5}\| \^/);
  });

  test('formatError() does not let text from outside steer the terminal', async () => {
    assert.is(await formatError(new UsageError('a\u001b[2Jb\rc'), false), 'Error: a?[2Jb?c\n');
  });
});
