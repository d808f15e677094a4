import * as assert from 'uvu/assert';
import { connectionError } from '../../../src/registry/connection-error.js';
import { suite } from '../../support/suite.js';

const cases: readonly [code: string, message: RegExp, retryable: boolean, hint: RegExp | undefined][] = [
  ['ECONNREFUSED', /Cannot read a: nothing accepts connections at h:5000/, false, /registry runs/],
  ['ENOTFOUND', /no host of that name/, false, /spelling/],
  ['EAI_AGAIN', /could not be looked up/, true, /DNS/],
  ['EHOSTUNREACH', /no network route/, false, undefined],
  ['UND_ERR_CONNECT_TIMEOUT', /did not answer in time/, true, undefined],
  ['ECONNRESET', /the connection to h:5000 failed \(ECONNRESET\)/, true, undefined],
  ['SELF_SIGNED_CERT_IN_CHAIN', /x509/, false, /SSL_CERT_FILE/],
  ['CERT_HAS_EXPIRED', /x509.*|expired/, false, /--tls-verify=false/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /another host/, false, /--tls-verify=false/],
  ['EPROTO', /does not speak TLS/, false, /--tls-verify=false/],
];

suite('connectionError()', (test) => {
  for (const [code, message, retryable, hint] of cases) {
    test(`explains ${code}`, () => {
      const cause = Object.assign(new Error('x'), { code });
      const error = connectionError('read a', 'h:5000', cause);
      assert.match(error.message, message);
      assert.is(error.retryable, retryable);
      assert.is(error.cause, cause);
      if (hint === undefined) assert.is(error.hint, undefined);
      else assert.match(error.hint ?? '', hint);
    });
  }
});
