import * as assert from 'uvu/assert';
import { checkRealm, isPrivateHost, mayCarryPassword } from '../../../src/registry/realm.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const refused: readonly [registry: string, realm: string][] = [
  ['https://registry.example.com', 'http://registry.example.com/token'],
  ['https://registry.example.com', 'ftp://registry.example.com/token'],
  ['https://registry.example.com', 'file:///etc/passwd'],
  ['https://registry.example.com', ''],
  ['https://registry.example.com', '/token'],
  ['https://registry.example.com', 'https://user:secret@registry.example.com/token'],
  ['https://registry.example.com', 'https://169.254.169.254/latest/meta-data'],
  ['https://registry.example.com', 'https://127.0.0.1/token'],
  ['https://registry.example.com', 'https://127.1/token'],
  ['https://registry.example.com', 'https://0x7f000001/token'],
  ['https://registry.example.com', 'https://[::1]/token'],
  ['https://registry.example.com', 'https://[::ffff:10.0.0.1]/token'],
  ['https://registry.example.com', 'https://[fd00::1]/token'],
  ['https://registry.example.com', 'https://localhost/token'],
  ['https://registry.example.com', 'https://localhost./token'],
  ['https://registry.example.com', 'https://a.localhost/token'],
  ['https://8.8.8.8', 'https://192.168.1.1/token'],
];

const accepted: readonly [registry: string, realm: string][] = [
  ['https://registry-1.docker.io', 'https://auth.docker.io/token'],
  ['https://10.0.0.1', 'https://10.0.0.2/token'],
  ['http://localhost:5000', 'http://127.0.0.1:5001/token'],
  ['http://registry.lan:5000', 'http://registry.lan:5001/token'],
];

suite('checkRealm()', (test) => {
  for (const [registry, realm] of refused) {
    test(`refuses ${JSON.stringify(realm)} from ${registry}`, async () => {
      const error = await rejects(() => checkRealm(realm, new URL(registry)), { code: 'REGISTRY_ERROR' });
      assert.not.match(error.message, /secret/);
    });
  }
  for (const [registry, realm] of accepted) {
    test(`accepts ${realm} from ${registry}`, () => assert.is(checkRealm(realm, new URL(registry)).href, realm));
  }
});

suite('mayCarryPassword()', (test) => {
  test('no over http to another host', () => {
    assert.is(mayCarryPassword(new URL('http://other.lan/t'), new URL('http://registry.lan:5000')), false);
    assert.is(mayCarryPassword(new URL('http://registry.lan/t'), new URL('http://registry.lan:5000')), true);
    assert.is(mayCarryPassword(new URL('https://other.lan/t'), new URL('http://registry.lan:5000')), true);
  });
});

suite('isPrivateHost()', (test) => {
  test('says no of public addresses and of names', () => {
    for (const host of ['8.8.8.8', '[2606:4700::1111]', 'example.com', 'localhost.example.com', '172.32.0.1']) {
      assert.is(isPrivateHost(host), false, host);
    }
  });
});
