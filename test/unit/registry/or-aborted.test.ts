import { getEventListeners } from 'node:events';
import * as assert from 'uvu/assert';
import { orAborted } from '../../../src/registry/or-aborted.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const never = new Promise<never>(() => {});

suite('orAborted()', (test) => {
  test('gives the outcome of the work and forgets the signal', async () => {
    const { signal } = new AbortController();
    assert.is(await orAborted(Promise.resolve(1), signal), 1);
    await rejects(orAborted(Promise.reject(new Error('broken')), signal), { message: /broken/ });
    assert.is(getEventListeners(signal, 'abort').length, 0);
    assert.is(await orAborted(Promise.resolve(2), undefined), 2);
  });

  test('ends with the reason of the signal, before or during the work', async () => {
    await rejects(orAborted(never, AbortSignal.abort(new Error('enough'))), { message: /enough/ });
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 1);
    await rejects(orAborted(never, controller.signal), { message: /enough/ });
  });
});
