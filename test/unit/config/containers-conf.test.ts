import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { USUAL_CAPABILITIES } from '../../../src/config/containers-conf.js';
import { readContainersConf } from '../../../src/config/read-containers-conf.js';
import { DEFAULT_CAPABILITIES } from '../../../src/sandbox/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

/** Writes files by their paths and reads what they say; `CONF` and `OVERRIDE` are those that variables name. */
async function read(files: Readonly<Record<string, string>>, options: { rootless?: boolean; keys?: string[] } = {}) {
  return withTempDir(async (directory) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(directory, name, '..'), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    const environment = {
      ...('CONF' in files ? { CONTAINERS_CONF: join(directory, 'CONF') } : {}),
      ...('OVERRIDE' in files ? { CONTAINERS_CONF_OVERRIDE: join(directory, 'OVERRIDE') } : {}),
    };
    const places = { environment, configHome: join(directory, 'home'), rootless: options.rootless ?? true };
    const system = [join(directory, 'usr'), join(directory, 'etc')];
    return options.keys === undefined ? readContainersConf(places, undefined, system) : readContainersConf(places, options.keys, system);
  });
}

const shm = (size: string): string => `[containers]\nshm_size = "${size}"\n`;

suite('config/containers-conf', (test) => {
  test('readContainersConf() knows nothing without a file', async () => assert.equal(await read({}), {}));

  // By containers.conf(5): the vendor's file, the administrator's and its drop-ins, the user's, each over those before.
  for (const [title, files, expected] of [
    ['the vendor', { 'usr/containers.conf': shm('1m') }, '1m'],
    ['the administrator over the vendor', { 'usr/containers.conf': shm('1m'), 'etc/containers.conf': shm('2m') }, '2m'],
    ['a drop-in over its file', { 'etc/containers.conf': shm('2m'), 'etc/containers.conf.d/1.conf': shm('3m') }, '3m'],
    ['the last drop-in', { 'etc/containers.conf.d/2.conf': shm('4m'), 'etc/containers.conf.d/10.conf': shm('3m') }, '4m'],
    ['no other names', { 'etc/containers.conf.d/2.txt': shm('4m'), 'etc/containers.conf': shm('2m') }, '2m'],
    ['the user', { 'etc/containers.conf.d/1.conf': shm('3m'), 'home/containers/containers.conf': shm('5m') }, '5m'],
    ['the named file alone', { CONF: '', 'etc/containers.conf': shm('2m') }, undefined],
    ['the override over the named file', { CONF: shm('1m'), OVERRIDE: shm('6m') }, '6m'],
    ['the override over all', { 'home/containers/containers.conf': shm('5m'), OVERRIDE: shm('6m') }, '6m'],
  ] as const) {
    test(`readContainersConf() takes ${title}`, async () => assert.is((await read(files)).shmSize, expected));
  }

  test('readContainersConf() of root takes nothing from a home', async () =>
    assert.is((await read({ 'home/containers/containers.conf': shm('5m') }, { rootless: false })).shmSize, undefined));

  test('readContainersConf() replaces lists, and adds to them where the file says so', async () => {
    const files = { 'usr/containers.conf': '[containers]\nenv = ["A=1"]\ndevices = ["/dev/a"]\n' };
    assert.equal((await read({ ...files, OVERRIDE: '[containers]\nenv = ["B=2"]\n' })).env, ['B=2']);
    const added = await read({ ...files, OVERRIDE: '[containers]\nenv = ["B=2", {append=true}]\n' });
    assert.equal(added.env, ['A=1', 'B=2']);
    assert.equal(added.devices, ['/dev/a']);
    assert.equal((await read({ ...files, OVERRIDE: '[containers]\nenv = ["B=2", {append=false}]\n' })).env, ['B=2']);
  });

  test('readContainersConf() reads every key it knows', async () => {
    const conf = await read({
      CONF: `
[containers]
default_capabilities = ["NET_RAW", "cap_chown"]
default_ulimits = ["nofile=1:2"]
volumes = ["/a:/b"]
http_proxy = false
seccomp_profile = "/etc/s.json"
netns = "host"
dns_servers = ["1.1.1.1"]
dns_options = ["ndots:1"]
dns_searches = ["example.com"]
no_hosts = true
base_hosts_file = "/hosts"
host_containers_internal_ip = "192.0.2.1"
container_name_as_hostname = true
[network]
default_rootless_network_cmd = "slirp4netns"
pasta_options = ["--mtu", "1"]
[engine]
compression_format = "gzip"
compression_level = 3
retry = 5
retry_delay = "2s"
image_copy_tmp_dir = "/scratch"
hooks_dir = ["/hooks"]
cdi_spec_dirs = ["/cdi"]
helper_binaries_dir = ["/helpers"]
runtime = "crun"
add_compression = ["zstd"]
image_parallel_copies = 2
env = ["A=b"]
[engine.runtimes]
crun = ["/a/crun", "/b/crun"]
`,
    });
    const { baseHostsFile, hostAddress, nameAsHostname, networkHelper, pastaOptions, helperDirs } = conf;
    assert.equal(
      [baseHostsFile, hostAddress, nameAsHostname, networkHelper, pastaOptions, helperDirs],
      ['/hosts', '192.0.2.1', true, 'slirp4netns', ['--mtu', '1'], ['/helpers']],
    );
    const { runtime, runtimes, addCompression, parallelCopies } = conf;
    assert.equal([runtime, runtimes, addCompression, parallelCopies], ['crun', { crun: ['/a/crun', '/b/crun'] }, ['zstd'], 2]);
    const { capabilities, limits, volumes, httpProxy, seccompProfile, network } = conf;
    assert.equal(
      { capabilities, limits, volumes, httpProxy, seccompProfile, network },
      {
        capabilities: ['CAP_CHOWN', 'CAP_NET_RAW'],
        limits: ['nofile=1:2'],
        volumes: ['/a:/b'],
        httpProxy: false,
        seccompProfile: '/etc/s.json',
        network: 'host',
      },
    );
    const { dnsServers, dnsOptions, dnsSearches, noHosts, cdiSpecDirs } = conf;
    assert.equal([dnsServers, dnsOptions, dnsSearches, noHosts, cdiSpecDirs], [['1.1.1.1'], ['ndots:1'], ['example.com'], true, ['/cdi']]);
    const { compressionFormat, compressionLevel, retries, retryDelay, tmpDir, hooksDirs, engineEnv, env } = conf;
    assert.equal(
      { compressionFormat, compressionLevel, retries, retryDelay, tmpDir, hooksDirs, engineEnv, env },
      {
        compressionFormat: 'gzip',
        compressionLevel: 3,
        retries: 5,
        retryDelay: '2s',
        tmpDir: '/scratch',
        hooksDirs: ['/hooks'],
        engineEnv: ['A=b'],
        env: undefined,
      },
    );
  });

  test('readContainersConf() adds to runtimes name by name', async () => {
    const runtimes = (text: string): string => `[engine.runtimes]\n${text}\n`;
    const conf = await read({ CONF: runtimes('a = ["/1"]\nb = ["/2"]'), OVERRIDE: runtimes('b = ["/3"]') });
    assert.equal(conf.runtimes, { a: ['/1'], b: ['/3'] });
    // A heading without a key, as distributions ship it, is no reason to parse: this is no TOML.
    assert.equal(await read({ CONF: '[engine.runtimes]\n#crun = ["/a"]\n\n[' }), {});
    await rejects(read({ CONF: runtimes('a = "/1"') }), { message: /"engine\.runtimes" is not a table of lists/ });
  });

  test('readContainersConf() reads the files once for the same settings', () =>
    withTempDir(async (directory) => {
      const path = join(directory, 'containers.conf');
      const places = { environment: { CONTAINERS_CONF: path }, configHome: undefined, rootless: true };
      writeFileSync(path, shm('1m'));
      assert.is((await readContainersConf(places)).shmSize, '1m');
      writeFileSync(path, shm('2m'));
      assert.is((await readContainersConf(places, ['shm_size'])).shmSize, '1m');
      assert.is((await readContainersConf({ ...places })).shmSize, '2m');
    }));

  test('the usual capabilities are those of the sandbox, and say nothing', async () => {
    assert.equal([...USUAL_CAPABILITIES].sort(), [...DEFAULT_CAPABILITIES].sort());
    const list = DEFAULT_CAPABILITIES.map((name) => `  "${name.slice(4)}",\n`).join('');
    const usual = `[containers]\ndefault_capabilities = [\n${list}]\n`;
    assert.is((await read({ CONF: usual })).capabilities, undefined);
    // For another key the file is parsed, and mistakes have their line.
    await rejects(read({ CONF: `${usual}shm_size = \n` }), { code: 'SETTINGS_INVALID', message: /CONF:15: / });
  });

  test('readContainersConf() parses nothing where no file has a key the caller asks for', async () => {
    assert.equal(await read({ CONF: '[containers]\nshm_size = broken' }, { keys: ['retry'] }), {});
    assert.equal(await read({ CONF: '# retry = 3\n[containers]\nshm_size = broken' }, { keys: ['retry'] }), {});
    await rejects(read({ CONF: '[containers]\nshm_size = broken' }), { code: 'SETTINGS_INVALID', message: /CONF:2: / });
  });

  for (const [title, text, message] of [
    ['a text that is a number', '[containers]\nshm_size = 3', /"containers.shm_size" is not a text/],
    ['a list that is a text', '[containers]\nenv = "A=b"', /"containers.env" is not a list of texts/],
    ['a list of numbers', '[containers]\nenv = [1]', /"containers.env" is not a list of texts/],
    ['a switch that is a text', '[containers]\nhttp_proxy = "no"', /"containers.http_proxy" is not true or false/],
    ['a number below zero', '[engine]\nretry = -1', /"engine.retry" is not a whole number/],
    ['a table that is none', 'containers = 1\nenv = []', /"containers" is not a table/],
  ] as const) {
    test(`readContainersConf() refuses ${title}`, () => rejects(read({ CONF: text }), { code: 'SETTINGS_INVALID', message }));
  }

  test('readContainersConf() demands a file that a variable names', async () => {
    const environment = { CONTAINERS_CONF_OVERRIDE: '/nonexistent/containers.conf' };
    const places = { environment, configHome: undefined, rootless: true };
    await rejects(readContainersConf(places, undefined, []), { code: 'SETTINGS_INVALID', message: /no such file/ });
  });
});
