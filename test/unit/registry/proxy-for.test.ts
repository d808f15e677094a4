import * as assert from 'uvu/assert';
import { proxyFor } from '../../../src/registry/proxy-for.js';
import { suite } from '../../support/suite.js';

const HTTP = 'http://proxy.example:3128';
const HTTPS = 'secure.example:3129';

suite('proxyFor()', (test) => {
  for (const [url, except, expected] of [
    ['http://registry.example/v2/', undefined, `${HTTP}/`],
    ['https://registry.example/v2/', undefined, `http://${HTTPS}/`],
    ['https://registry.example/', 'registry.example', undefined],
    ['https://a.registry.example/', 'registry.example', undefined],
    ['https://a.registry.example/', '.registry.example', undefined],
    ['https://a.registry.example/', '*.registry.example', undefined],
    ['https://myregistry.example/', 'registry.example', `http://${HTTPS}/`],
    ['https://registry.example:5000/', 'registry.example:5000', undefined],
    ['https://registry.example/', 'registry.example:5000', `http://${HTTPS}/`],
    ['https://registry.example/', 'registry.example:443', undefined],
    ['http://registry.example/', 'other.example, REGISTRY.example', undefined],
    ['http://registry.example/', '*', undefined],
    ['http://10.1.2.3/', '10.0.0.0/8', undefined],
    ['http://11.1.2.3/', '10.0.0.0/8', `${HTTP}/`],
    ['http://10.1.2.3/', '10.1.2.3', undefined],
    ['http://[2001:db8::1]/', '2001:db8::1', undefined],
    ['http://localhost:5000/', undefined, undefined],
    ['https://127.0.0.1:5000/', undefined, undefined],
    ['http://[::1]:5000/', undefined, undefined],
  ] as const) {
    test(`${url} with no_proxy=${except}: ${expected ?? 'directly'}`, () => {
      assert.is(proxyFor(new URL(url), { http: HTTP, https: HTTPS, except })?.href, expected);
    });
  }

  test('without a proxy everything is reached directly', () => {
    assert.is(proxyFor(new URL('http://a.example/'), { http: undefined, https: HTTPS, except: undefined }), undefined);
    assert.is(proxyFor(new URL('https://a.example/'), { http: HTTP, https: '', except: undefined }), undefined);
  });
});
