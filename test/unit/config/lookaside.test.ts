import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { findLookaside, registryScopes } from '../../../src/config/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const SCOPES = registryScopes('a.example.com/team/app', ':1');

interface Asked {
  readonly access?: 'read' | 'write';
  readonly user?: Readonly<Record<string, string>>;
  readonly rootless?: boolean;
}

/** The place for signatures of a.example.com/team/app:1 by the files of a system's registries.d. */
function placeBy(files: Readonly<Record<string, string>>, { access = 'read', user, rootless = false }: Asked = {}): Promise<string> {
  return withTempDir(async (directory) => {
    const write = (folder: string, texts: Readonly<Record<string, string>>): void => {
      mkdirSync(folder, { recursive: true });
      for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
    };
    write(join(directory, 'system'), files);
    if (user !== undefined) write(join(directory, 'config/containers/registries.d'), user);
    const places = { configHome: join(directory, 'config'), home: '/home/me', rootless };
    return (await findLookaside(places, SCOPES, access, join(directory, 'system'))).base.href;
  });
}

// What containers-registries.d(5) says of each.
suite('findLookaside()', (test) => {
  test('takes the narrowest scope, then wildcards, then default-docker, then the customary place', async () => {
    const scoped = (scope: string): string => `docker:\n  "${scope}":\n    lookaside: https://${scope.replace(/\W+/g, '-')}.test/\n`;
    const names = ['a.example.com/team/app:1', 'a.example.com/team/app', 'a.example.com', '*.example.com'];
    for (const [position, scope] of names.entries()) {
      const files = Object.fromEntries(names.slice(position).map((name, number) => [`${number}.yaml`, scoped(name)]));
      const host = scope.replace(/\W+/g, '-');
      assert.is(
        await placeBy({ ...files, 'default.yaml': 'default-docker: {lookaside: "https://default.test/"}' }),
        `https://${host}.test/`,
      );
    }
    assert.is(await placeBy({ 'default.yaml': 'default-docker:\n  lookaside: https://default.test/x\n' }), 'https://default.test/x');
    assert.is(await placeBy({}), 'file:///var/lib/containers/sigstore');
    assert.is(await placeBy({}, { rootless: true }), 'file:///home/me/.local/share/containers/sigstore');
  });

  test('writes to staging, in both spellings, and reads never from there', async () => {
    const file = { 'a.yaml': 'docker:\n  a.example.com:\n    sigstore: https://old.test/\n    sigstore-staging: file:///stage\n' };
    assert.is(await placeBy(file), 'https://old.test/');
    assert.is(await placeBy(file, { access: 'write' }), 'file:///stage');
    const both = { 'a.yaml': 'default-docker: {sigstore: "https://old.test/", lookaside: "https://new.test/"}' };
    assert.is(await placeBy(both), 'https://new.test/');
    assert.is(await placeBy(both, { access: 'write' }), 'https://new.test/');
    const stagingOnly = {
      'a.yaml': 'docker:\n  a.example.com: {lookaside-staging: "file:///s"}\ndefault-docker: {lookaside: "https://d.test/"}',
    };
    assert.is(await placeBy(stagingOnly), 'https://d.test/');
  });

  test('a folder of the user replaces that of the system; other files are not read', async () => {
    const system = { 'a.yaml': 'default-docker: {lookaside: "https://system.test/"}', 'b.yml': '[', README: '[' };
    assert.is(await placeBy(system), 'https://system.test/');
    assert.is(await placeBy(system, { user: {} }), 'file:///var/lib/containers/sigstore');
    assert.is(await placeBy(system, { user: { 'u.yaml': 'default-docker: {lookaside: "https://user.test/"}' } }), 'https://user.test/');
  });

  for (const [what, files] of [
    ['no YAML', { 'a.yaml': 'docker: [' }],
    ['a list where a mapping belongs', { 'a.yaml': 'docker: []' }],
    ['a number for a URL', { 'a.yaml': 'default-docker: {lookaside: 5}' }],
    ['a path for a URL', { 'a.yaml': 'default-docker: {lookaside: /var/lib/signatures}' }],
    ['a host in a file URL', { 'a.yaml': 'default-docker: {lookaside: "file://var/lib"}' }],
    [
      'one default in two files',
      { 'a.yaml': 'default-docker: {lookaside: "file:///a"}', 'b.yaml': 'default-docker: {lookaside: "file:///b"}' },
    ],
    ['one scope in two files', { 'a.yaml': 'docker: {x: {lookaside: "file:///a"}}', 'b.yaml': 'docker: {x: {lookaside: "file:///b"}}' }],
    ['one key twice', { 'a.yaml': 'docker: {x: {lookaside: "file:///a"}, x: {lookaside: "file:///b"}}' }],
  ] as const)
    test(`${what} is an error`, () => rejects(() => placeBy(files), { code: 'SETTINGS_INVALID' }));
});
