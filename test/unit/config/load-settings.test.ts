import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type GlobalFlags, loadSettings, type Settings } from '../../../src/config/index.js';
import { readStorageConf } from '../../../src/config/storage-conf.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

/** The settings with these files, of which variables name the one or the other. */
async function load(
  { conf = '', storage }: { conf?: string; storage?: string },
  environment: Readonly<Record<string, string>> = {},
  flags: GlobalFlags = {},
): Promise<Settings> {
  return withTempDir(async (directory) => {
    const write = (name: string, text: string): string => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    };
    const named = {
      HOME: '/home/somebody',
      XDG_RUNTIME_DIR: '/run/user/7',
      CONTAINERS_CONF: write('containers.conf', conf),
      ...(storage === undefined ? {} : { CONTAINERS_STORAGE_CONF: write('storage.conf', storage) }),
    };
    return loadSettings({ ...named, ...environment }, flags);
  });
}

suite('config/load-settings', (test) => {
  test('loadSettings() sets variables of containers.conf that are not set', async () => {
    const conf = '[engine]\nenv = ["BUILDAH_FORMAT=docker", "BUILDAH_LAYERS=false"]\n';
    const settings = await load({ conf }, { BUILDAH_LAYERS: 'true' });
    assert.is(settings.format, 'docker');
    assert.is(settings.layers, true);
    assert.is(settings.environment.BUILDAH_FORMAT, 'docker');
  });

  test('loadSettings() puts large files where image_copy_tmp_dir says, unless TMPDIR says otherwise', async () => {
    const conf = '[engine]\nimage_copy_tmp_dir = "/scratch"\n';
    assert.is((await load({ conf })).tmpDir, '/scratch');
    assert.is((await load({ conf }, { TMPDIR: '/elsewhere' })).tmpDir, '/elsewhere');
    assert.is((await load({ conf: '[engine]\nimage_copy_tmp_dir = "storage"\n' })).tmpDir, '/var/tmp');
  });

  test('loadSettings() makes the store below the roots of storage.conf', async () => {
    const storage = '[storage]\ndriver = "vfs"\ngraphroot = "/big/storage"\nrunroot = "$XDG_RUNTIME_DIR/containers"\n';
    const settings = await load({ storage });
    assert.is(settings.root, '/big/storage/tsbuild');
    assert.is(settings.runRoot, '/run/user/7/containers/tsbuild');
    assert.is(settings.storageDriver, 'vfs');
  });

  test('loadSettings() lets flags and STORAGE_DRIVER go before storage.conf', async () => {
    const storage = '[storage]\ndriver = "vfs"\ngraphroot = "/big/storage"\n';
    const settings = await load({ storage }, { STORAGE_DRIVER: 'overlay' }, { root: '/mine' });
    assert.is(settings.root, '/mine');
    assert.is(settings.storageDriver, 'overlay');
    assert.is((await load({ storage }, { STORAGE_DRIVER: 'overlay' }, { 'storage-driver': 'vfs' })).storageDriver, 'vfs');
  });

  test('loadSettings() keeps the options of the driver, as given', async () => {
    assert.equal((await load({}, { STORAGE_OPTS: 'a=1,b=2' })).storageOptions, ['a=1', 'b=2']);
    assert.equal((await load({}, { STORAGE_OPTS: 'a=1' }, { 'storage-opt': ['c=3'] })).storageOptions, ['c=3']);
  });

  test('loadSettings() refuses a driver that there is not', async () => {
    await rejects(load({}, {}, { 'storage-driver': 'aufs' }), { code: 'SETTINGS_INVALID', message: /"aufs": driver not supported/ });
    await rejects(load({}, { STORAGE_DRIVER: 'devicemapper' }), { code: 'SETTINGS_INVALID', message: /STORAGE_DRIVER: "devicemapper"/ });
  });

  for (const [title, storage, message] of [
    ['is not TOML', '[storage', /storage\.conf:1: /],
    ['has a number for a path', '[storage]\ngraphroot = 1\n', /"storage.graphroot" is not a text/],
    ['has no table', 'storage = 1\n', /"storage" is not a table/],
  ] as const) {
    test(`loadSettings() refuses a storage.conf that ${title}`, () => rejects(load({ storage }), { code: 'SETTINGS_INVALID', message }));
  }

  test('loadSettings() takes the table [tsbuild] of a storage.conf before the rest', async () => {
    const storage = '[storage]\ndriver = "vfs"\ngraphroot = "/podman"\n[tsbuild]\nroot = "$HOME/mine"\ndriver = "overlay"\n';
    const settings = await load({ storage });
    assert.is(settings.root, '/home/somebody/mine');
    assert.is(settings.storageDriver, 'overlay');
  });

  for (const [title, text, expected] of [
    ['nothing of the places of Podman', '[storage]\ndriver = "overlay"\ngraphroot = "/podman"\nrunroot = "/run/podman"\n', {}],
    ['that overlays do not work', '[storage]\ngraphroot = "/podman"\ndriver = "vfs"\n', { 'storage-driver': 'vfs' }],
    ['no driver that only Podman has', '[storage]\ndriver = "btrfs"\n', {}],
    [
      'the table [tsbuild]',
      '[storage]\ngraphroot = "/podman"\n[tsbuild]\nroot = "/big"\nrunroot = "/run/big"\ndriver = "vfs"\n',
      { root: '/big', runroot: '/run/big', 'storage-driver': 'vfs' },
    ],
    ['nothing of what is in comments', '# driver = "vfs"\n# [tsbuild]\nnot toml at all', {}],
  ] as const) {
    test(`readStorageConf() takes from the system ${title}`, () =>
      withTempDir(async (directory) => {
        const file = join(directory, 'storage.conf');
        writeFileSync(file, text);
        const none = join(directory, 'none');
        const places = { environment: {}, rootless: false, configHome: undefined };
        assert.equal(await readStorageConf(places, [none, file, '/dev/null']), expected);
        assert.equal(await readStorageConf(places, [none]), {});
      }));
  }

  test("readStorageConf() takes an ordinary user's own file in place of the system's", () =>
    withTempDir(async (directory) => {
      mkdirSync(join(directory, 'containers'));
      writeFileSync(join(directory, 'containers/storage.conf'), '[storage]\ndriver = "overlay"\n');
      writeFileSync(join(directory, 'system.conf'), '[storage]\ndriver = "vfs"\n');
      const system = [join(directory, 'system.conf')];
      assert.equal(await readStorageConf({ environment: {}, rootless: true, configHome: directory }, system), {});
      assert.equal(await readStorageConf({ environment: {}, rootless: false, configHome: directory }, system), { 'storage-driver': 'vfs' });
    }));

  test('loadSettings() demands the storage.conf that is named', () =>
    rejects(load({}, { CONTAINERS_STORAGE_CONF: '/nonexistent' }), { code: 'SETTINGS_INVALID', message: /cannot be read/ }));
});
