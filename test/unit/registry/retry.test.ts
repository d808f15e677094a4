import * as assert from 'uvu/assert';
import { RegistryError } from '../../../src/registry/index.js';
import { parseRetryAfter, withRetry } from '../../../src/registry/retry.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const passing = new RegistryError('try', 'it rains', { host: 'h', retryable: true });
const lasting = new RegistryError('try', 'it is forbidden', { host: 'h' });
const policy = { retries: 3, delayMs: 1 };

suite('withRetry()', (test) => {
  test('tries again until it works', async () => {
    let tries = 0;
    const value = await withRetry(policy, undefined, async () => {
      if (++tries < 3) throw passing;
      return tries;
    });
    assert.is(value, 3);
  });
  test('gives up after its retries and throws the last error', async () => {
    let tries = 0;
    const failing = withRetry(policy, undefined, async () => {
      tries++;
      throw passing;
    });
    await rejects(failing, { message: /it rains/ });
    assert.is(tries, 4);
  });
  for (const [title, error] of [['a lasting error', lasting] as const, ['an error of another kind', new Error('other')] as const]) {
    test(`does not repeat ${title}`, async () => {
      let tries = 0;
      const failing = withRetry(policy, undefined, async () => {
        tries++;
        throw error;
      });
      await rejects(failing, { message: new RegExp(error.message) });
      assert.is(tries, 1);
    });
  }
  test('ends its wait when it is aborted', async () => {
    const controller = new AbortController();
    const failing = withRetry({ retries: 1, delayMs: 60_000 }, controller.signal, async () => {
      setTimeout(() => controller.abort(), 5);
      throw passing;
    });
    assert.is((await rejects(failing, {})).name, 'AbortError');
  });
  test('waits as long as the registry asks, not as the policy says', async () => {
    const started = performance.now();
    let tries = 0;
    await withRetry({ retries: 1, delayMs: 60_000 }, undefined, async () => {
      if (++tries === 1) throw new RegistryError('try', 'too often', { host: 'h', retryable: true, retryAfterMs: 50 });
    });
    const waited = performance.now() - started;
    assert.ok(waited >= 48 && waited < 5000, `${waited} ms`);
  });
});

suite('parseRetryAfter()', (test) => {
  const now = Date.UTC(2026, 0, 1);
  const cases: readonly [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ['0', 0],
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['99999999999999999999', undefined],
  ];
  for (const [value, expected] of cases) test(`reads ${value}`, () => assert.is(parseRetryAfter(value, now), expected));
});
