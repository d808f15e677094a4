import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, project, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';

/** Writes a file into the store's own directory and says where it is. */
function write(store: TestStore, name: string, text: string): string {
  const path = join(store.directory, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** What the RUN of a build on busybox prints. */
async function printed(
  store: TestStore,
  command: string,
  { flags = [], env = {} }: { flags?: string[]; env?: Record<string, string> } = {},
) {
  write(store, 'context/Containerfile', `FROM busybox\nRUN ${command}\n`);
  const { stdout } = await store.ok(['bud', '--no-cache', ...flags, join(store.directory, 'context')], { env });
  return stdout.split(`RUN ${command}\n`)[1]!.split('COMMIT')[0]!.trimEnd().split('\n');
}

const conf = (store: TestStore, text: string) => ({ CONTAINERS_CONF: write(store, 'containers.conf', text) });

suite('configuration', (test) => {
  test('containers.conf says what commands of a build get, and flags replace it', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const shown = write(store, 'shown/file', 'shown\n').replace('/file', '');
      const env = conf(
        store,
        `[containers]
env = ["FROM_CONF=yes", "PATH=/nowhere"]
default_ulimits = ["nofile=77:88"]
shm_size = "3m"
volumes = ["${shown}:/configured:ro"]
default_capabilities = ["CHOWN", "KILL"]
`,
      );
      const command =
        'echo $FROM_CONF $PATH; ulimit -n; df -k /dev/shm | tail -1 | tr -s " " | cut -d " " -f 2; cat /configured/file; grep CapBnd /proc/self/status';
      // Bits 0 and 5 of linux/capability.h are CAP_CHOWN and CAP_KILL.
      assert.equal(await printed(store, command, { env }), ['yes /bin', '77', '3072', 'shown', 'CapBnd:\t0000000000000021']);
      const flags = ['--ulimit', 'nofile=66:66', '--shm-size', '2m', '--cap-drop', 'KILL', '--volume', `${shown}:/given:ro`];
      const replaced =
        'ulimit -n; df -k /dev/shm | tail -1 | tr -s " " | cut -d " " -f 2; ls -d /configured /given/file 2>/dev/null; grep CapBnd /proc/self/status';
      assert.equal(await printed(store, replaced, { env, flags }), ['66', '2048', '/given/file', 'CapBnd:\t0000000000000001']);
    }));

  test('containers.conf says what commands of a working container get', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const env = {
        ...conf(store, '[containers]\nenv = ["FROM_CONF=yes"]\ndefault_capabilities = ["KILL"]\nhttp_proxy = false\n'),
        http_proxy: 'http://proxy.example',
      };
      const container = (await store.ok(['from', 'busybox'], { env })).stdout.trim();
      const script = 'echo $FROM_CONF "$http_proxy"; grep CapBnd /proc/self/status';
      assert.is((await store.ok(['run', container, 'sh', '-c', script], { env })).stdout, 'yes \nCapBnd:\t0000000000000020\n');
    }));

  test('containers.conf says who resolves names, and whether there is an /etc/hosts', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const env = conf(
        store,
        '[containers]\ndns_servers = ["192.0.2.7"]\ndns_searches = ["conf.example"]\ndns_options = ["ndots:7"]\nno_hosts = true\n',
      );
      const command = 'grep -v "^#" /etc/resolv.conf; cat /etc/hosts 2>/dev/null; true';
      const flags = ['--network', 'host'];
      assert.equal((await printed(store, command, { env, flags })).sort(), [
        'nameserver 192.0.2.7',
        'options ndots:7',
        'search conf.example',
      ]);
      const given = await printed(store, command, { env, flags: [...flags, '--dns', '192.0.2.8'] });
      assert.ok(given.includes('nameserver 192.0.2.8') && !given.includes('nameserver 192.0.2.7'), given.join());
      await printed(store, 'true', { env, flags: ['--network', 'none'] });
    }));

  test('BUILDAH_RUNTIME names the runtime, which then has to be there', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const container = (await store.ok(['from', 'busybox'])).stdout.trim();
      const refused = await store.tsbuild(['run', container, 'true'], { env: { BUILDAH_RUNTIME: '/nonexistent/runtime' } });
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /\/nonexistent\/runtime/);
    }));

  test('CONTAINERS_CONF_OVERRIDE goes over CONTAINERS_CONF, list by list', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const env = {
        ...conf(store, '[containers]\nenv = ["A=1"]\n'),
        CONTAINERS_CONF_OVERRIDE: write(store, 'override.conf', '[containers]\nenv = ["B=2", {append = true}]\n'),
      };
      assert.equal(await printed(store, 'echo $A $B', { env }), ['1 2']);
    }));

  test('engine.env holds for tsbuild itself', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      write(store, 'context/Containerfile', 'FROM busybox\nRUN echo a > /a\nRUN echo b > /b\n');
      const layers = async (env: Record<string, string>): Promise<number> => {
        const id = (await store.ok(['bud', '-q', join(store.directory, 'context')], { env })).stdout.trim();
        const { stdout } = await store.ok(['inspect', '--type', 'image', '--format', '{{len .OCIv1.RootFS.DiffIDs}}', id]);
        return Number(stdout);
      };
      const env = conf(store, '[engine]\nenv = ["BUILDAH_LAYERS=false"]\n');
      assert.is(await layers({ CONTAINERS_CONF: '/dev/null' }), 3);
      assert.is(await layers(env), 2);
      assert.is(await layers({ ...env, BUILDAH_LAYERS: 'true' }), 3);
      assert.is(await layers({ BUILDAH_LAYERS: 'false' }), 2);
    }));

  test('compression_format is that of layers, unless a flag says otherwise', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const container = (await store.ok(['from', 'scratch'])).stdout.trim();
      await store.ok(['copy', container, write(store, 'file', 'text'), '/']);
      const env = conf(store, '[engine]\ncompression_format = "gzip"\n');
      const mediaType = async (...flags: string[]): Promise<string> => {
        const id = (await store.ok(['commit', '-q', ...flags, container], { env })).stdout.trim();
        return (await store.ok(['inspect', '--type', 'image', '--format', '{{.Manifest}}', id])).stdout;
      };
      assert.match(await mediaType(), /"mediaType":"application\/vnd\.oci\.image\.layer\.v1\.tar\+gzip"/);
      assert.match(await mediaType('--compression-format', 'zstd'), /layer\.v1\.tar\+zstd"/);
      const other = conf(store, '[engine]\ncompression_format = "zstd:chunked"\n');
      const refused = await store.tsbuild(['commit', container], { env: other });
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /not supported by tsbuild: compression_format "zstd:chunked"/);
    }));

  test('commands see what mounts.conf names, and what they write there is in no image', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const secrets = write(store, 'secrets/token', 'secret\n').replace('/token', '');
      const one = write(store, 'one', 'alone\n');
      const mounts = write(store, 'mounts.conf', `${secrets}:/run/secrets\n${one}:/etc/one\n/nonexistent:/nowhere\n`);
      const flags = ['--default-mounts-file', mounts];
      const script = 'cat /run/secrets/token /etc/one; echo new > /run/secrets/new; ls /run/secrets';
      assert.equal(await printed(store, script, { flags: [...flags, '-t', 'out'] }), ['secret', 'alone', 'new', 'token']);
      assert.equal(readdirSync(secrets), ['token']);
      const container = (await store.ok(['from', 'out'])).stdout.trim();
      assert.is((await store.ok(['run', container, 'sh', '-c', 'ls -d /run /etc/one 2>/dev/null; true'])).stdout, '');
      const inside = await store.ok([...flags, 'run', container, 'cat', '/run/secrets/token']);
      assert.is(inside.stdout, 'secret\n');
      assert.match(inside.stderr, /mounts\.conf: \/nonexistent does not exist/);
    }));

  test('hooks that containers.conf asks for are refused', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      write(store, 'context/Containerfile', 'FROM busybox\nRUN true\n');
      const env = conf(store, `[engine]\nhooks_dir = ["/nonexistent", "${join(store.directory, 'hooks')}"]\n`);
      mkdirSync(join(store.directory, 'hooks'));
      await store.ok(['bud', '-q', join(store.directory, 'context')], { env });
      write(store, 'hooks/mine.json', '{}');
      const refused = await store.tsbuild(['bud', join(store.directory, 'context')], { env });
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /OCI hooks are not supported, and hooks_dir of containers\.conf holds .*\/hooks\/mine\.json/);
    }));

  test('a storage.conf that is named moves the store', () =>
    withTestStore(async (store) => {
      const root = join(store.directory, 'elsewhere');
      const storage = `[storage]\ndriver = "vfs"\ngraphroot = "${root}"\nrunroot = "${join(store.directory, 'run')}"\n`;
      const env = { CONTAINERS_STORAGE_CONF: write(store, 'storage.conf', storage) };
      const { stdout } = await runOk(
        [join(project, 'bin/tsbuild'), 'info', '--format', '{{.store.GraphRoot}} {{.store.GraphDriverName}}'],
        { env },
      );
      assert.is(stdout.trim(), `${root}/tsbuild vfs`);
    }));

  test('--from takes the place of the image of the first FROM', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      write(
        store,
        'context/Containerfile',
        'ARG BASE=nothing\nFROM $BASE AS first\nRUN echo a > /a\nFROM busybox\nCOPY --from=first /a /b\n',
      );
      const { stdout } = await store.ok(['bud', '--from', 'localhost/busybox', '-t', 'out', join(store.directory, 'context')]);
      assert.match(stdout, /FROM localhost\/busybox AS first/);
    }));

  test('--os-version and --os-feature are told by the image', () =>
    withTestStore(async (store) => {
      write(store, 'context/Containerfile', 'FROM scratch\nLABEL a=b\n');
      await store.ok(['bud', '-q', '--os-version', '10.0.1', '--os-feature', 'win32k', '-t', 'out', join(store.directory, 'context')]);
      const { stdout } = await store.ok(['inspect', '--type', 'image', '--format', '{{.Config}}', 'out']);
      const config = JSON.parse(stdout) as Record<string, unknown>;
      assert.is(config['os.version'], '10.0.1');
      assert.equal(config['os.features'], ['win32k']);
    }));

  test('a flag that is refused is named, with its reason and status 125', () =>
    withTestStore(async (store) => {
      for (const argv of [
        ['bud', '--stdin'],
        ['--imagestore', '/x', 'images'],
        ['commit', '--cw', 'x', 'y'],
      ]) {
        const { status, stderr } = await store.tsbuild(argv);
        assert.is(status, 125);
        assert.match(stderr, /^Error: not supported by tsbuild: --[a-z-]+ \(.+\)\n/);
      }
      const { status, stderr } = await store.tsbuild(['source', 'create', 'x']);
      assert.is(status, 125);
      assert.match(stderr, /^Error: not supported by tsbuild: source \(.+\)\n/);
    }));
});
