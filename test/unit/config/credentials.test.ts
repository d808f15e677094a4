import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { listAuthFiles } from '../../../src/config/auth-files.js';
import { type AuthFile, findCredentials, parseCredentials } from '../../../src/config/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const encode = (text: string): string => Buffer.from(text).toString('base64');
const password = (username: string, secret: string) => ({ kind: 'password', username, password: secret });

/** What `name` finds in one credential file of this content. */
async function lookUp(content: unknown, name: string, kind: AuthFile['kind'] = 'containers'): Promise<unknown> {
  return withTempDir(async (directory) => {
    const path = join(directory, 'auth.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    const asked = async (helper: string, server: string) => ({ kind: 'password', username: helper, password: server }) as const;
    return findCredentials([{ path, kind, required: true }], name, asked);
  });
}

const auths = {
  'example.com': { auth: encode('host:1') },
  'example.com/team': { auth: encode('team:2:with:colons') },
  'https://index.docker.io/v1/': { auth: encode('hub:3') },
  'token.example.com': { identitytoken: 'refresh' },
};

suite('config/credentials', (test) => {
  for (const [name, expected] of [
    ['example.com/team/app', password('team', '2:with:colons')],
    ['example.com/teams/app', password('host', '1')],
    ['docker.io/library/debian', password('hub', '3')],
    ['token.example.com/app', { kind: 'identity-token', token: 'refresh' }],
    ['other.example.com/app', undefined],
  ] as const) {
    test(`findCredentials() takes the longest key for ${name}`, async () => {
      assert.equal(await lookUp({ auths }, name), expected);
    });
  }

  test('findCredentials() asks a helper before the entries, and credsStore only in files of Docker', async () => {
    assert.equal(await lookUp({ auths, credHelpers: { 'example.com': 'pass' } }, 'example.com/a'), password('pass', 'example.com'));
    assert.equal(await lookUp({ auths, credsStore: 'all' }, 'example.com/a'), password('host', '1'));
    assert.equal(await lookUp({ auths: {}, credsStore: 'all' }, 'docker.io/a', 'docker'), password('all', 'https://index.docker.io/v1/'));
  });

  test('findCredentials() reads the flat file of old Docker', async () => {
    assert.equal(await lookUp({ 'example.com': { auth: encode('a:b') } }, 'example.com/x', 'legacy'), password('a', 'b'));
  });

  test('findCredentials() runs a helper program and takes its token', async () => {
    await withTempDir(async (directory) => {
      const program = join(directory, 'docker-credential-fake');
      writeFileSync(program, `#!/bin/sh\nread -r server\nprintf '{"ServerURL":"%s","Username":"<token>","Secret":"s3"}' "$server"\n`);
      chmodSync(program, 0o755);
      const path = join(directory, 'auth.json');
      writeFileSync(path, JSON.stringify({ credHelpers: { 'example.com': 'fake' } }));
      const before = process.env.PATH;
      process.env.PATH = `${directory}:${before}`;
      try {
        const found = await findCredentials([{ path, kind: 'containers', required: true }], 'example.com/a');
        assert.equal(found, { kind: 'identity-token', token: 's3' });
      } finally {
        process.env.PATH = before;
      }
    });
  });

  test('findCredentials() never shows the content of a broken file', async () => {
    const error = await rejects(lookUp('{"auths": secret-word', 'example.com/a'), { code: 'SETTINGS_INVALID' });
    assert.not.match(`${error.message} ${String(error.cause)}`, /secret-word/);
  });

  test('findCredentials() goes on to the next file, unless a named one is missing', async () => {
    const missing = { path: '/nonexistent/auth.json', kind: 'containers', required: false } as const;
    assert.is(await findCredentials([missing], 'example.com/a'), undefined);
    await rejects(findCredentials([{ ...missing, required: true }], 'example.com/a'), {
      code: 'SETTINGS_INVALID',
      message: /not accessible/,
    });
  });

  test('listAuthFiles() has the order of containers-auth.json(5)', () => {
    const directories = {
      home: '/h',
      configHome: '/h/.config',
      cacheHome: undefined,
      runtimeDir: '/run/user/1',
      root: '',
      runRoot: '',
      tmpDir: '',
    };
    const paths = listAuthFiles({}, directories, 1).map((file) => file.path);
    assert.equal(paths, ['/run/user/1/containers/auth.json', '/h/.config/containers/auth.json', '/h/.docker/config.json', '/h/.dockercfg']);
    assert.is(listAuthFiles({ DOCKER_CONFIG: '/d' }, directories, 1)[2]?.path, '/d/config.json');
    assert.equal(
      listAuthFiles({ REGISTRY_AUTH_FILE: '/a' }, directories, 1).map((file) => file.path),
      ['/a'],
    );
    assert.is(listAuthFiles({}, { ...directories, runtimeDir: undefined }, 7)[0]?.path, '/run/containers/7/auth.json');
  });

  test('parseCredentials() keeps colons of the password', async () => {
    assert.equal(parseCredentials('u:p:q'), password('u', 'p:q'));
    await rejects(() => parseCredentials('nobody'), { code: 'SETTINGS_INVALID' });
  });
});
