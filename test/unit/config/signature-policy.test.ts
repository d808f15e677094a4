import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { demandAccepted, pathScopes, readSignaturePolicy, registryScopes } from '../../../src/config/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const ACCEPT = [{ type: 'insecureAcceptAnything' }];
const REJECT = [{ type: 'reject' }];
const SIGNED = [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/key' }];

function policyOf(document: unknown): Promise<ReturnType<typeof readSignaturePolicy>> {
  return withTempDir(async (directory) => {
    const policyFile = join(directory, 'policy.json');
    writeFileSync(policyFile, typeof document === 'string' ? document : JSON.stringify(document));
    return readSignaturePolicy({ configHome: undefined, policyFile });
  });
}

suite('signature policy', (test) => {
  // The scopes of containers-policy.json(5), "docker:".
  test('registryScopes() goes from the image to its repository, the parts above, the host and its domains', () => {
    assert.equal(registryScopes('a.example.com:5000/team/app', ':1'), [
      'a.example.com:5000/team/app:1',
      'a.example.com:5000/team/app',
      'a.example.com:5000/team',
      'a.example.com:5000',
      '*.example.com:5000',
      '*.com:5000',
    ]);
  });

  test('registryScopes() knows a server without the port that https has anyway', () => {
    const scopes = ['a.test:443/app:1', 'a.test/app:1', 'a.test:443/app', 'a.test/app', 'a.test:443', 'a.test', '*.test:443', '*.test'];
    assert.equal(registryScopes('a.test:443/app', ':1'), scopes);
  });

  test('pathScopes() goes from the image to its path and every directory above', () => {
    assert.equal(pathScopes('/srv/images/app', ':1'), ['/srv/images/app:1', '/srv/images/app', '/srv/images', '/srv']);
    assert.equal(pathScopes('/srv/app', ''), ['/srv/app', '/srv']);
  });

  test('the narrowest scope counts, then that of the transport, then the default', async () => {
    const policy = await policyOf({
      default: REJECT,
      transports: {
        docker: {
          'example.com': ACCEPT,
          'example.com/secret': REJECT,
          'example.com/signed': SIGNED,
          'example.com/other': [{ type: 'sigstoreSigned', keyPath: '/key' }],
          '*.domain.test': ACCEPT,
        },
        dir: { '': ACCEPT },
      },
    });
    const check = (transport: string, repository: string): string => {
      try {
        const demanded = demandAccepted(policy, { transport, name: repository, scopes: registryScopes(repository, ':1') });
        return demanded === undefined ? 'in' : `${demanded.demands.length} signature of ${demanded.scope}`;
      } catch (error) {
        assert.is((error as { code: string }).code, 'SOURCE_DENIED');
        return (error as Error).name;
      }
    };
    assert.is(check('docker', 'example.com/app'), 'in');
    assert.is(check('docker', 'host.domain.test/app'), 'in');
    assert.is(check('docker', 'example.com/secret/app'), 'PolicyDeniedError');
    assert.is(check('docker', 'example.com/signed'), '1 signature of docker:example.com/signed');
    assert.is(check('docker', 'example.com/other'), 'SignatureRequiredError');
    assert.is(check('docker', 'example.community/app'), 'PolicyDeniedError');
    assert.is(check('dir', 'anything'), 'in');
    assert.is(check('oci', 'anything'), 'PolicyDeniedError');
  });

  test('every requirement must be met: acceptance beside a rejection is a rejection', async () => {
    const policy = await policyOf({ default: [...ACCEPT, ...REJECT] });
    await rejects(async () => demandAccepted(policy, { transport: 'docker', name: 'a', scopes: [] }), { code: 'SOURCE_DENIED' });
  });

  test('"signedBy" says which keys and which name', async () => {
    const identity = { type: 'remapIdentity', prefix: 'a', signedPrefix: 'b' };
    const policy = await policyOf({
      default: [...SIGNED, { type: 'signedBy', keyType: 'GPGKeys', keyData: 'a2V5', signedIdentity: identity }],
    });
    const { demands = [] } = demandAccepted(policy, { transport: 'docker', name: 'a', scopes: [] }) ?? {};
    assert.equal(demands, [
      { type: 'signedBy', keys: { files: ['/key'] }, identity: { type: 'matchRepoDigestOrExact' } },
      { type: 'signedBy', keys: { data: Buffer.from('key') }, identity },
    ]);
  });

  test('a signature by keys of another kind is not verified', async () => {
    const policy = await policyOf({ default: [{ type: 'signedBy', keyType: 'X509Certificates', keyPath: '/key' }] });
    await rejects(async () => demandAccepted(policy, { transport: 'docker', name: 'a', scopes: [] }), { code: 'SOURCE_DENIED' });
  });

  const signedBy = (members: object): object => ({ default: [{ type: 'signedBy', keyType: 'GPGKeys', ...members }] });
  for (const [what, document] of [
    ['signedBy without keys', signedBy({})],
    ['two kinds of keys', signedBy({ keyPath: '/key', keyData: 'a2V5' })],
    ['keys that are not base64', signedBy({ keyData: '-----BEGIN' })],
    ['no file of keys', signedBy({ keyPaths: [] })],
    ['a member of signedBy that nobody knows', signedBy({ keyPath: '/key', expires: 1 })],
    ['a member of an acceptance', { default: [{ type: 'insecureAcceptAnything', only: 'here' }] }],
    ['a kind of key nobody knows', signedBy({ keyPath: '/key', keyType: 'SSH' })],
    ['an identity nobody knows', signedBy({ keyPath: '/key', signedIdentity: { type: 'matchAll' } })],
    ['an identity without its name', signedBy({ keyPath: '/key', signedIdentity: { type: 'exactReference' } })],
    ['an identity with another name', signedBy({ keyPath: '/key', signedIdentity: { type: 'matchExact', prefix: 'a' } })],
    ['no JSON', '{'],
    ['no default', { transports: {} }],
    ['an empty list', { default: [] }],
    ['a requirement nobody knows', { default: [{ type: 'trustMe' }] }],
    ['a member nobody knows', { default: ACCEPT, transport: {} }],
  ] as const) {
    test(`a policy with ${what} is an error, not a policy that lets everything in`, () =>
      rejects(() => policyOf(document), { code: 'SETTINGS_INVALID' }));
  }

  test('without any policy.json every image may be used', () => {
    const policy = readSignaturePolicy({ configHome: undefined, policyFile: undefined }, []);
    demandAccepted(policy, { transport: 'docker', name: 'a', scopes: [] });
    assert.is(policy.path, undefined);
  });
});
