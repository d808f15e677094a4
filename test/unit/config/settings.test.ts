import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { findDirectories } from '../../../src/config/directories.js';
import { readIdentity } from '../../../src/config/identity.js';
import { readSettings } from '../../../src/config/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const user = { uid: 1000, gid: 1000, rootless: true, idMode: 'mapped', idProblem: undefined } as const;
const root = { uid: 0, gid: 0, rootless: false, idMode: 'root', idProblem: undefined } as const;

suite('config/settings', (test) => {
  test('readSettings() has defaults without any variable but HOME', () => {
    const settings = readSettings({ HOME: '/home/u' });
    assert.is(settings.format, 'oci');
    assert.is(settings.layers, true);
    assert.is(settings.logLevel, 'warn');
    assert.is(settings.tmpDir, '/var/tmp');
    assert.is(settings.sourceDateEpoch, undefined);
    assert.is(settings.colour, true);
    assert.equal(settings.caFiles, []);
  });

  test("readSettings() reads Buildah's and common variables", () => {
    const settings = readSettings({
      HOME: '/home/u',
      BUILDAH_FORMAT: 'docker',
      BUILDAH_LAYERS: 'false',
      BUILDAH_ISOLATION: 'chroot',
      TMPDIR: '/scratch',
      SOURCE_DATE_EPOCH: '1700000000',
      NO_COLOR: '1',
      TSBUILD_EXTRA_CA_CERTS: '/ca.pem',
      SSL_CERT_FILE: '/ca.pem',
      https_proxy: 'http://proxy:3128',
      NO_PROXY: 'localhost',
    });
    assert.is(settings.format, 'docker');
    assert.is(settings.layers, false);
    assert.is(settings.isolation, 'chroot');
    assert.is(settings.tmpDir, '/scratch');
    assert.is(settings.sourceDateEpoch, 1_700_000_000);
    assert.is(settings.colour, false);
    assert.equal(settings.caFiles, ['/ca.pem']);
    assert.equal(settings.proxies, { http: undefined, https: 'http://proxy:3128', except: 'localhost' });
    assert.equal(settings.proxyEnvironment, { https_proxy: 'http://proxy:3128', NO_PROXY: 'localhost' });
  });

  for (const [name, value] of [
    ['BUILDAH_FORMAT', 'squashfs'],
    ['BUILDAH_ISOLATION', 'vm'],
    ['SOURCE_DATE_EPOCH', 'yesterday'],
    ['TMPDIR', 'relative'],
    ['TSBUILD_ID_MODE', 'other'],
    ['TSBUILD_ROOTLESS_UID', '-1'],
  ] as const) {
    test(`readSettings() refuses ${name}=${value} and names it`, async () => {
      await rejects(() => readSettings({ HOME: '/home/u', [name]: value }), { code: 'SETTINGS_INVALID', message: new RegExp(name) });
    });
  }

  test('readIdentity() takes the outer ids and the mode from the launcher', () => {
    const environment = {
      TSBUILD_ROOTLESS_UID: '1000',
      TSBUILD_ROOTLESS_GID: '100',
      TSBUILD_ID_MODE: 'single',
      TSBUILD_ID_PROBLEM: 'no newuidmap',
    };
    const identity = readIdentity(environment, { uid: 0, gid: 0 });
    assert.equal(identity, { uid: 1000, gid: 100, rootless: true, idMode: 'single', idProblem: 'no newuidmap' });
  });

  test('readIdentity() without the launcher is the process itself', () => {
    assert.is(readIdentity({}, { uid: 0, gid: 0 }).rootless, false);
    assert.is(readIdentity({}, { uid: 1000, gid: 1000 }).rootless, true);
  });

  test('findDirectories() puts the store of root and of users in different places', () => {
    assert.is(findDirectories({}, {}, root).root, '/var/lib/tsbuild');
    assert.is(findDirectories({}, {}, root).runRoot, '/run/tsbuild');
    const own = findDirectories({ HOME: '/home/u', XDG_RUNTIME_DIR: '/run/user/1000' }, {}, user);
    assert.is(own.root, '/home/u/.local/share/tsbuild');
    assert.is(own.runRoot, '/run/user/1000/tsbuild');
    assert.is(findDirectories({ HOME: '/home/u', XDG_DATA_HOME: '/data' }, {}, user).root, '/data/tsbuild');
  });

  test('findDirectories() lets flags win and makes them absolute', () => {
    const found = findDirectories({}, { root: 'store', runroot: '/r' }, user);
    assert.is(found.root, join(process.cwd(), 'store'));
    assert.is(found.runRoot, '/r');
  });

  test('findDirectories() without a home directory says what to set', async () => {
    const error = await rejects(() => findDirectories({}, {}, { ...user, uid: 4_000_000_000 }), {
      code: 'SETTINGS_INVALID',
      message: /HOME/,
    });
    assert.match(String((error as { hint?: string }).hint), /--root/);
  });

  test("findDirectories() refuses somebody else's directory in /tmp", async () => {
    await withTempDir(async (directory) => {
      const uid = 3_999_999_999;
      const path = `/tmp/tsbuild-run-${uid}`;
      mkdirSync(join(directory, 'target'));
      symlinkSync(join(directory, 'target'), path);
      try {
        await rejects(() => findDirectories({ HOME: '/home/u' }, {}, { ...user, uid }), {
          code: 'SETTINGS_INVALID',
          message: /tsbuild-run/,
        });
      } finally {
        (await import('node:fs')).unlinkSync(path);
      }
    });
  });
});
