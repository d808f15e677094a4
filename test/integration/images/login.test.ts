import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { demand } from '../../support/docker-registry.js';
import { ADA, withPasswordedRegistry } from '../../support/registry-with-password.js';
import { suite } from '../../support/suite.js';
import { run, runOk } from '../../support/tsbuild.js';

suite('login and logout', (test) => {
  test('login keeps what the registry took; push, pull and skopeo use it; logout forgets it', () =>
    withPasswordedRegistry(async ({ host, store, authFile, certDir }) => {
      const flags = ['--authfile', authFile, '--cert-dir', certDir];
      const refused = await store.tsbuild(['login', ...flags, '-u', 'ada', '-p', 'wrong', host]);
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /invalid username\/password/);
      assert.not.ok(existsSync(authFile));

      const { stdout } = await store.ok(['login', ...flags, '-u', 'ada', '--password-stdin', host], { stdin: `${ADA.password}\n` });
      assert.is(stdout, 'Login Succeeded!\n');
      assert.is(statSync(authFile).mode & 0o777, 0o600);
      assert.is(statSync(dirname(authFile)).mode & 0o777, 0o700);
      // Only the directory of the file is private: others have theirs beside it.
      assert.is(statSync(dirname(dirname(authFile))).mode & 0o005, 0o005);
      assert.equal(JSON.parse(readFileSync(authFile, 'utf8')), {
        auths: { [host]: { auth: Buffer.from(`ada:${ADA.password}`).toString('base64') } },
      });
      assert.is((await store.ok(['login', ...flags, '--get-login', host])).stdout, 'ada\n');
      assert.match((await store.ok(['login', ...flags, host])).stdout, /Existing credentials are valid\. Already logged in to /);

      await store.ok(['push', ...flags, 'app', `docker://${host}/team/app:1`]);
      await store.ok(['pull', ...flags, `docker://${host}/team/app:1`]);
      const environment = { REGISTRY_AUTH_FILE: authFile };
      await store.ok(['pull', '--policy', 'always', '--cert-dir', certDir, `docker://${host}/team/app:1`], { env: environment });
      demand('skopeo');
      await runOk(['skopeo', 'inspect', '--raw', '--tls-verify=false', '--authfile', authFile, `docker://${host}/team/app:1`]);

      assert.is((await store.ok(['logout', '--authfile', authFile, host])).stdout, `Removed login credentials for ${host}\n`);
      assert.equal(JSON.parse(readFileSync(authFile, 'utf8')), { auths: {} });
      const again = await store.tsbuild(['logout', '--authfile', authFile, host]);
      assert.is(again.status, 125);
      assert.match(again.stderr, /not logged into/);
      const push = await store.tsbuild(['push', ...flags, 'app', `docker://${host}/team/app:2`]);
      assert.is(push.status, 125);
      assert.match(push.stderr, /no credentials/);
    }));

  test("what skopeo's login wrote is read, and what is kept for a part of a registry goes before what is kept for all", () =>
    withPasswordedRegistry(async ({ host, store, certDir }) => {
      demand('skopeo');
      const authFile = join(store.directory, 'auth.json');
      const login = ['skopeo', 'login', '--tls-verify=false', '--authfile', authFile, '-u', ADA.name, '--password-stdin', host];
      await runOk(login, { stdin: ADA.password });
      const flags = ['--authfile', authFile, '--cert-dir', certDir];
      await store.ok(['push', ...flags, 'app', `docker://${host}/team/app:1`]);
      const document = JSON.parse(readFileSync(authFile, 'utf8')) as { auths: Record<string, unknown> };
      document.auths[`${host}/team`] = { auth: Buffer.from('eve:nothing').toString('base64') };
      writeFileSync(authFile, JSON.stringify(document));
      const refused = await store.tsbuild(['push', ...flags, 'app', `docker://${host}/team/app:2`]);
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /user "eve"/);
      await store.ok(['push', ...flags, 'app', `docker://${host}/other/app:1`]);
      await store.ok(['login', ...flags, '-u', 'ada', '-p', ADA.password, `${host}/team`]);
      await store.ok(['push', ...flags, 'app', `docker://${host}/team/app:2`]);
    }));

  test('a credential helper named for the host keeps, gives and forgets what is told to it', () =>
    withPasswordedRegistry(async ({ host, store, certDir }) => {
      const programs = join(store.directory, 'programs');
      const kept = join(store.directory, 'kept');
      mkdirSync(programs);
      const script = `#!/bin/sh
case $1 in
store) cat >"${kept}" ;;
get) cat >/dev/null; cat "${kept}" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
erase) cat >/dev/null; rm "${kept}" ;;
esac
`;
      writeFileSync(join(programs, 'docker-credential-here'), script);
      chmodSync(join(programs, 'docker-credential-here'), 0o755);
      const authFile = join(store.directory, 'auth.json');
      writeFileSync(authFile, JSON.stringify({ credHelpers: { [host]: 'here' }, kept: 'as it is' }));
      const env = { PATH: `${programs}${delimiter}${process.env.PATH}` };
      const flags = ['--authfile', authFile, '--cert-dir', certDir];
      await store.ok(['login', ...flags, '-u', 'ada', '-p', ADA.password, host], { env });
      assert.equal(JSON.parse(readFileSync(kept, 'utf8')), { ServerURL: host, Username: 'ada', Secret: ADA.password });
      assert.not.match(readFileSync(authFile, 'utf8'), /"auth"/);
      await store.ok(['push', ...flags, 'app', `docker://${host}/app:1`], { env });
      await store.ok(['logout', '--authfile', authFile, host], { env });
      assert.not.ok(existsSync(kept));
      assert.is((await store.tsbuild(['push', ...flags, 'app', `docker://${host}/app:2`], { env })).status, 125);
      assert.match(readFileSync(authFile, 'utf8'), /as it is/);
    }));

  test('--compat-auth-file is written as Docker writes it, --all forgets everything, and a script is never asked', () =>
    withPasswordedRegistry(async ({ host, store, certDir }) => {
      const file = join(store.directory, 'config.json');
      writeFileSync(file, JSON.stringify({ detachKeys: 'ctrl-q', auths: { 'https://index.docker.io/v1/': { auth: 'YTpi' } } }));
      await store.ok(['login', '--cert-dir', certDir, '--compat-auth-file', file, '-u', 'ada', '-p', ADA.password, host]);
      const written = JSON.parse(readFileSync(file, 'utf8')) as { detachKeys: string; auths: Record<string, unknown> };
      assert.is(written.detachKeys, 'ctrl-q');
      assert.equal(Object.keys(written.auths).sort(), ['https://index.docker.io/v1/', host].sort());
      const hub = await store.ok(['login', '--compat-auth-file', file, '--get-login', 'docker.io']);
      assert.is(hub.stdout, 'a\n');
      await store.ok(['logout', '--compat-auth-file', file, '--all']);
      assert.equal(JSON.parse(readFileSync(file, 'utf8')), { detachKeys: 'ctrl-q', auths: {} });
      const asked = await run(store.argv(['login', '--authfile', join(store.directory, 'none'), '--cert-dir', certDir, host]));
      assert.is(asked.status, 125);
      assert.match(asked.stderr, /--password-stdin/);
    }));
});
