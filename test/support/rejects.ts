import * as assert from 'uvu/assert';

/**
 * Asserts that `work` fails and returns the error for further looks.
 *
 * @param expected the `code` of the error and, if given, a pattern its message matches
 */
export async function rejects(
  work: Promise<unknown> | (() => unknown),
  expected: { readonly code?: string; readonly message?: RegExp },
): Promise<Error & { code?: string }> {
  let failure: unknown;
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    failure = error;
  }
  if (!(failure instanceof Error)) assert.unreachable(`expected an error with code ${expected.code}, got ${String(failure ?? 'success')}`);
  const error = failure as Error & { code?: string };
  if (expected.code !== undefined) assert.is(error.code, expected.code, `code of: ${error.message}`);
  if (expected.message !== undefined) assert.match(error.message, expected.message);
  return error;
}
