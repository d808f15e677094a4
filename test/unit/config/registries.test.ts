import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { expandShortName, findRegistryRule, locateImage, type Registries, readRegistries } from '../../../src/config/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const nowhere = {
  cacheHome: undefined,
  configHome: undefined,
  shortNameAliasFile: '/nonexistent/aliases.conf',
  uid: 1000,
  rootless: true,
  registriesFile: undefined,
  registriesDropInDir: undefined,
  registriesOverrideFile: undefined,
};

/** What a registries.conf of this text says. */
async function parse(text: string): Promise<Registries> {
  return withTempDir(async (directory) => {
    const registriesFile = join(directory, 'registries.conf');
    writeFileSync(registriesFile, text);
    return readRegistries({ ...nowhere, registriesFile }, []);
  });
}

const EXAMPLE = `
unqualified-search-registries = ["docker.io", "quay.io"]

[[registry]]
prefix = "example.com/foo"
location = "internal:5000/bar"
insecure = true

[[registry.mirror]]
location = "mirror:5000/bar"

[[registry.mirror]]
location = "digests.example.com/bar"
pull-from-mirror = "digest-only"

[[registry]]
location = "example.com"

[[registry]]
prefix = "*.internal"
insecure = true

[[registry]]
location = "evil.example.com"
blocked = true

[aliases]
"fedora" = "registry.fedoraproject.org/fedora"
`;

suite('config/registries', (test) => {
  for (const [name, prefix] of [
    ['example.com/foo/app:1', 'example.com/foo'],
    ['example.com/foo:1', 'example.com/foo'],
    ['example.com/food:1', 'example.com'],
    ['example.com:5000/foo', 'example.com'],
    ['a.b.internal/app', '*.internal'],
    ['internal/app', undefined],
    ['docker.io/library/debian', undefined],
    // The same servers, as whoever wants past a rule would write them.
    ['example.com:443/foo/app:1', 'example.com/foo'],
    ['example.com:443/foo@sha256:0', 'example.com/foo'],
    ['example.com:4430/foo/app:1', 'example.com'],
  ] as const) {
    test(`findRegistryRule() gives ${name} the rule ${prefix ?? 'none'}`, async () => {
      assert.is(findRegistryRule(await parse(EXAMPLE), name)?.prefix, prefix);
    });
  }

  test('locateImage() lists mirrors first and rewrites the prefix', async () => {
    const registries = await parse(EXAMPLE);
    assert.equal(locateImage(registries, 'example.com/foo/app:1'), [
      { name: 'mirror:5000/bar/app:1', insecure: false, mirror: true },
      { name: 'internal:5000/bar/app:1', insecure: true, mirror: false },
    ]);
    const digest = `example.com/foo/app@sha256:${'0'.repeat(64)}`;
    assert.is(locateImage(registries, digest).length, 3);
    assert.equal(locateImage(registries, 'a.internal/x:1'), [{ name: 'a.internal/x:1', insecure: true, mirror: false }]);
  });

  test('a prefix means what it says in upper case too, and a rule with a port still wants it', async () => {
    const registries = await parse(
      '[[registry]]\nprefix = "Example.COM/foo"\n[[registry]]\nprefix = "b.test:443/x"\nlocation = "c.test/y"\n',
    );
    assert.is(findRegistryRule(registries, 'example.com/foo:1')?.prefix, 'example.com/foo');
    assert.equal(locateImage(registries, 'b.test:443/x/app:1'), [{ name: 'c.test/y/app:1', insecure: false, mirror: false }]);
    assert.is(findRegistryRule(registries, 'b.test/x/app:1'), undefined);
  });

  test('locateImage() refuses a blocked registry and names the file', async () => {
    const registries = await parse(EXAMPLE);
    await rejects(() => locateImage(registries, 'evil.example.com/x:1'), {
      code: 'SETTINGS_INVALID',
      message: /registries\.conf.*blocked/,
    });
  });

  test('expandShortName() asks aliases first, then the search registries', async () => {
    const registries = await parse(EXAMPLE);
    assert.equal(expandShortName(registries, 'fedora:40'), ['registry.fedoraproject.org/fedora:40']);
    assert.equal(expandShortName(registries, 'debian:12'), ['docker.io/library/debian:12', 'quay.io/debian:12']);
    assert.equal(expandShortName(registries, 'team/app'), ['docker.io/team/app', 'quay.io/team/app']);
  });

  for (const [title, text, line, message] of [
    ['a syntax error', 'a = 1\nb = ]\n', 2, /TOML/],
    ['a list that is a text', '\nunqualified-search-registries = "docker.io"\n', 2, /not a list of strings/],
    ['a switch that is a text', '[[registry]]\nlocation = "x"\ninsecure = "yes"\n', 3, /neither true nor false/],
    ['a rule without a place', '[[registry]]\nblocked = true\n', 1, /neither prefix nor location/],
    ['a mode nobody knows', 'short-name-mode = "lenient"\n', 1, /not one of/],
    ['the first version of the format', '[registries.search]\nregistries = ["a"]\n', 1, /first version/],
    [
      'rival mirror rules',
      '[[registry]]\nlocation = "x"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "y"\npull-from-mirror = "all"\n',
      6,
      /together/,
    ],
  ] as const) {
    test(`readRegistries() names file and line of ${title}`, async () => {
      const error = await rejects(parse(text), { code: 'SETTINGS_INVALID', message });
      assert.match(error.message, new RegExp(`registries\\.conf:${line}:`));
    });
  }

  test('readRegistries() merges drop-ins by file name, the later winning', async () => {
    await withTempDir(async (directory) => {
      const system = join(directory, 'etc');
      const own = join(directory, 'config');
      for (const folder of [system, join(own, 'containers')]) mkdirSync(join(folder, 'registries.conf.d'), { recursive: true });
      writeFileSync(
        join(system, 'registries.conf'),
        'unqualified-search-registries = ["a"]\n[[registry]]\nlocation = "x"\n[aliases]\none = "h/one"\n',
      );
      writeFileSync(join(system, 'registries.conf.d/10-x.conf'), '[[registry]]\nlocation = "x"\ninsecure = true\n');
      writeFileSync(join(system, 'registries.conf.d/20-y.conf'), 'unqualified-search-registries = ["b"]\n');
      writeFileSync(
        join(own, 'containers/registries.conf.d/20-y.conf'),
        'unqualified-search-registries = ["c"]\n[aliases]\ntwo = "h/two"\n',
      );
      writeFileSync(join(system, 'registries.conf.d/ignored.txt'), 'not TOML');
      const registries = await readRegistries({ ...nowhere, configHome: own }, [system]);
      assert.equal(registries.searchRegistries, ['c']);
      assert.is(registries.rules[0]?.insecure, true);
      assert.equal([...registries.aliases.keys()].sort(), ['one', 'two']);
      assert.is(registries.files.length, 3);
    });
  });

  test('readRegistries() lets the alias file go before all others', () =>
    withTempDir(async (directory) => {
      const registriesFile = join(directory, 'registries.conf');
      const shortNameAliasFile = join(directory, 'aliases.conf');
      writeFileSync(registriesFile, '[aliases]\none = "a.example/one"\ntwo = "a.example/two"\n');
      writeFileSync(shortNameAliasFile, '[aliases]\none = "b.example/one"\n');
      const { aliases } = await readRegistries({ ...nowhere, registriesFile, shortNameAliasFile }, []);
      assert.equal(Object.fromEntries(aliases), { one: 'b.example/one', two: 'a.example/two' });
    }));

  test('readRegistries() without any file finds nothing, but a named file must exist', async () => {
    assert.equal((await readRegistries(nowhere, [])).searchRegistries, []);
    await rejects(readRegistries({ ...nowhere, registriesFile: '/nonexistent/r.conf' }, []), {
      code: 'SETTINGS_INVALID',
      message: /no such file/,
    });
  });
});
