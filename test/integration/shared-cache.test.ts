import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type CountingProxy, withCountingProxy } from '../support/counting-proxy.js';
import { demand, withDockerRegistry } from '../support/docker-registry.js';
import { suite } from '../support/suite.js';
import { addBusybox, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';
import { Layout } from '../support/validate-layout.js';

const CONTAINERFILE = `FROM localhost/busybox AS build
WORKDIR /src
COPY a.txt b.txt ./
RUN cat a.txt b.txt > both.txt && head -c 200000 /dev/urandom > noise
FROM localhost/busybox
LABEL who=me
COPY --from=build /src/both.txt /data/
RUN head -c 1000 /dev/urandom > /stamp
RUN wc -c /data/both.txt > /size
`;
const BLOBS = /\/blobs\//;

/** The same commit as another machine checks it out: at another place, at another time. */
function checkout(store: TestStore, name: string, containerfile = CONTAINERFILE): string {
  const directory = join(store.directory, name);
  mkdirSync(directory);
  for (const [file, content] of [
    ['Containerfile', containerfile],
    ['a.txt', 'alpha\n'],
    ['b.txt', 'beta\n'],
  ] as const) {
    writeFileSync(join(directory, file), content);
    chmodSync(join(directory, file), 0o644);
    utimesSync(join(directory, file), 1_600_000_000 + name.length, 1_600_000_000 + name.length);
  }
  return directory;
}

interface Machines {
  readonly a: TestStore;
  readonly b: TestStore;
  readonly proxy: CountingProxy;
}

/** Two machines with nothing but the base image, and a registry they both reach. */
async function withMachines(body: (machines: Machines) => Promise<void>): Promise<void> {
  await withDockerRegistry({}, (registry) =>
    withCountingProxy(registry.host, (proxy) =>
      withTestStore((a) =>
        withTestStore(async (b) => {
          await addBusybox(a);
          const base = `oci:${join(a.directory, 'base')}:busybox`;
          await a.ok(['push', '-q', 'busybox', base]);
          await b.ok(['pull', '-q', base]);
          await body({ a, b, proxy });
        }),
      ),
    ),
  );
}

function bud(store: TestStore, args: readonly string[], context: string) {
  return store.ok(['bud', '--tls-verify=false', '-t', 'app', ...args, context]);
}

function canHavePrivateNetwork(): boolean {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return existsSync('/usr/bin/pasta');
  } catch {
    return false;
  }
}

function idIn(stdout: string): string {
  return stdout.trimEnd().split('\n').at(-1)!;
}

/** Steps that a RUN, COPY or WORKDIR was shown to have run. */
function ranSteps(stdout: string): string[] {
  const lines = stdout.split('\n');
  return lines.filter((line, at) => /: (RUN|COPY|WORKDIR) /.test(line) && !lines[at + 1]?.startsWith('--> Using cache'));
}

suite('integration/shared-cache', (test) => {
  test('a second machine runs no step, pulls what is in the image only, and gives the same image', async () => {
    await withMachines(async ({ a, b, proxy }) => {
      const cache = `type=registry,ref=${proxy.host}/team/cache:main,mode=max`;
      const first = await bud(a, ['--cache-to', cache], checkout(a, 'here'));
      assert.is(ranSteps(first.stdout).length, 6);
      proxy.clear();
      const second = await bud(b, ['--cache-from', `type=registry,ref=${proxy.host}/team/cache:main`], checkout(b, 'elsewhere'));
      assert.equal(ranSteps(second.stdout), []);
      assert.is(idIn(second.stdout), idIn(first.stdout));
      // The document and the three layers of the image; none of the build stage.
      assert.is(proxy.count('GET', BLOBS), 4, proxy.seen.join('\n'));
      assert.is(proxy.count('GET', /\/manifests\//), 1);
      assert.equal(await new Layout(b.root).problems(), []);
      proxy.clear();
      const third = await bud(b, ['--cache-from', `type=registry,ref=${proxy.host}/team/cache:main`], checkout(b, 'again'));
      assert.equal(ranSteps(third.stdout), []);
      assert.is(proxy.count('GET', BLOBS), 1);
    });
  });

  test('a changed last step runs alone, on layers that are fetched for it', async () => {
    await withMachines(async ({ a, b, proxy }) => {
      const cache = `type=registry,ref=${proxy.host}/team/cache:main`;
      await bud(a, ['--cache-to', `${cache},mode=max`], checkout(a, 'here'));
      proxy.clear();
      const changed = CONTAINERFILE.replace('/size\n', '/other\n');
      const { stdout } = await bud(b, ['--cache-from', cache], checkout(b, 'elsewhere', changed));
      assert.equal(ranSteps(stdout), ['[2/2] STEP 5/5: RUN wc -c /data/both.txt > /other']);
      // The document, and the two layers that the step sees.
      assert.is(proxy.count('GET', BLOBS), 3, proxy.seen.join('\n'));
      const image = new Layout(b.root);
      assert.is(image.read(image.image('localhost/app:latest'), 'other').toString(), '11 /data/both.txt\n');
    });
  });

  test('exporting the same again sends nothing, and after a change only what is new', async () => {
    await withMachines(async ({ a, proxy }) => {
      const args = ['--cache-to', `type=registry,ref=${proxy.host}/team/cache:main,mode=max`];
      await bud(a, args, checkout(a, 'here'));
      proxy.clear();
      const again = await bud(a, args, checkout(a, 'there'));
      assert.match(again.stderr, /nothing was new/);
      assert.is(proxy.count('POST', /./) + proxy.count('PUT', /./), 0, proxy.seen.join('\n'));
      proxy.clear();
      await bud(a, args, checkout(a, 'changed', CONTAINERFILE.replace('/size\n', '/other\n')));
      // The new layer and the document.
      assert.is(proxy.count('POST', BLOBS), 2, proxy.seen.join('\n'));
    });
  });

  test('a repository alone keeps every step, mode=min only those of the image', async () => {
    await withMachines(async ({ a, b, proxy }) => {
      const { stderr } = await bud(a, ['--cache-to', `${proxy.host}/plain`], checkout(a, 'here'));
      assert.match(stderr, /\/plain:buildcache: [0-9]+ records, 6 layers/);
      const small = await bud(a, ['--cache-to', `type=registry,ref=${proxy.host}/min:1`], checkout(a, 'there'));
      assert.match(small.stderr, /\/min:1: [0-9]+ records, 3 layers/);
      const second = await bud(b, ['--cache-from', `${proxy.host}/plain`], checkout(b, 'elsewhere'));
      assert.equal(ranSteps(second.stdout), []);
    });
  });

  test('with mode=min the steps of other stages run again, those of the image do not', async () => {
    await withMachines(async ({ a, b, proxy }) => {
      const cache = `type=registry,ref=${proxy.host}/min:1`;
      await bud(a, ['--cache-to', cache], checkout(a, 'here'));
      const { stdout } = await bud(b, ['--cache-from', cache], checkout(b, 'elsewhere'));
      assert.is(ranSteps(stdout).length, 3, stdout);
      assert.equal(
        ranSteps(stdout).filter((line) => line.startsWith('[2/2]')),
        [],
      );
    });
  });

  test('type=local keeps the cache in an OCI layout, type=inline in the image itself', async () => {
    await withMachines(async ({ a, b, proxy }) => {
      const directory = join(a.directory, 'cache');
      const name = `${proxy.host}/team/app:1`;
      const first = await bud(
        a,
        ['--cache-to', `type=local,dest=${directory},mode=max`, '--cache-to', 'type=inline', '-t', name],
        checkout(a, 'here'),
      );
      const second = await bud(b, ['--cache-from', `type=local,src=${directory}`], checkout(b, 'elsewhere'));
      assert.equal(ranSteps(second.stdout), []);
      assert.is(idIn(second.stdout), idIn(first.stdout));
      await a.ok(['push', '--tls-verify=false', name]);
      await withTestStore(async (c) => {
        await c.ok(['pull', '-q', `oci:${join(a.directory, 'base')}:busybox`]);
        const third = await bud(c, ['--cache-from', `type=registry,ref=${name}`], checkout(c, 'third'));
        assert.equal(
          ranSteps(third.stdout).filter((line) => line.startsWith('[2/2]')),
          [],
        );
        assert.is(idIn(third.stdout), idIn(first.stdout));
      });
      demand('skopeo');
      const { stdout } = await runOk(['skopeo', 'inspect', '--config', '--tls-verify=false', `docker://${name}`]);
      assert.match(stdout, /"who": ?"me"/);
    });
  });

  test('type=inline of several platforms: the cache of each is in its image, and the index gives all of them', async () => {
    await withMachines(async ({ a, b, proxy }) => {
      const name = `${proxy.host}/team/many:1`;
      const containerfile = 'FROM scratch\nARG TARGETARCH\nCOPY a.txt /$TARGETARCH\nCOPY b.txt /\n';
      const platforms = ['--platform', 'linux/amd64,linux/arm64', '--jobs', '1'];
      await bud(a, [...platforms, '--cache-to', 'type=inline', '-t', name], checkout(a, 'here', containerfile));
      await a.ok(['push', '--tls-verify=false', '--all', name]);
      const second = await bud(b, [...platforms, '--cache-from', `type=registry,ref=${name}`], checkout(b, 'elsewhere', containerfile));
      assert.match(second.stderr, /cache from .*: [0-9]+ records, 4 layers/);
      assert.equal(ranSteps(second.stdout), [], second.stdout);
    });
  });

  test('a cache mount goes along, and is fetched by the RUN that uses it', async () => {
    await withMachines(async ({ a, b, proxy }) => {
      const cache = `type=registry,ref=${proxy.host}/mounts:1`;
      const using = (command: string) => `FROM localhost/busybox\nRUN --mount=type=cache,id=things,target=/things ${command}\n`;
      await bud(a, ['--cache-to', `${cache},mounts=things`], checkout(a, 'here', using('echo kept > /things/one')));
      proxy.clear();
      // Nothing runs, so nothing of the mount is needed.
      await bud(b, ['--cache-from', cache], checkout(b, 'elsewhere', using('echo kept > /things/one')));
      const { stdout } = await bud(b, ['--cache-from', cache], checkout(b, 'reader', using('cat /things/one')));
      assert.match(stdout, /\nkept\n/);
      // Both documents, the layer of the first image and the mount.
      assert.is(proxy.count('GET', BLOBS), 4, proxy.seen.join('\n'));
    });
  });

  test('what cannot be imported or exported warns, and the build succeeds', async () => {
    await withMachines(async ({ a, proxy }) => {
      const nowhere = `type=registry,ref=${proxy.host}/nothing:1`;
      const missing = await bud(a, ['--cache-from', nowhere, '--cache-from', 'type=local,src=/nowhere'], checkout(a, 'one'));
      assert.match(missing.stderr, /cannot import the cache from .*\/nothing:1/);
      assert.match(missing.stderr, /cannot import the cache from \/nowhere/);
      const file = join(a.directory, 'file');
      writeFileSync(file, '');
      const full = await bud(a, ['--cache-to', `type=local,dest=${file}/cache`], checkout(a, 'two'));
      assert.match(full.stderr, /cannot export the cache to .*file\/cache/);
    });
  });

  test('a registry that dies half-way through an export leaves the build and the cache of before whole', async () => {
    await withMachines(async ({ a, b, proxy }) => {
      const cache = `type=registry,ref=${proxy.host}/team/cache:main`;
      await bud(a, ['--cache-to', `${cache},mode=max`], checkout(a, 'here'));
      let uploads = 0;
      // From the second upload on nothing is answered any more.
      proxy.fault = (line) => (line.startsWith('POST ') && ++uploads > 1 ? 'break' : undefined);
      const changed = checkout(a, 'changed', CONTAINERFILE.replace('head -c 1000', 'head -c 2000'));
      const { stderr } = await bud(a, ['--cache-to', `${cache},mode=max`], changed);
      assert.match(stderr, /cannot export the cache to .*team\/cache:main/);
      proxy.fault = () => undefined;
      const second = await bud(b, ['--cache-from', cache], checkout(b, 'elsewhere'));
      assert.equal(ranSteps(second.stdout), []);
    });
  });

  test('layers that are gone after the import: the build runs its steps itself', async () => {
    await withMachines(async ({ a, b, proxy }) => {
      const cache = `type=registry,ref=${proxy.host}/team/cache:main`;
      const first = await bud(a, ['--cache-to', `${cache},mode=max`], checkout(a, 'here'));
      let blobs = 0;
      // The document is given, layers are not.
      proxy.fault = (line) => (/^GET .*\/blobs\//.test(line) && ++blobs > 1 ? 404 : undefined);
      const second = await bud(b, ['--cache-from', cache, '--build-arg', 'unused=1'], checkout(b, 'elsewhere'));
      assert.match(second.stderr, /Cannot fetch the layer .*; building again without --cache-from/);
      assert.is(second.stderr.match(/build args were not consumed/g)?.length, 1, second.stderr);
      assert.is.not(idIn(second.stdout), idIn(first.stdout));
      assert.equal(await new Layout(b.root).problems(), []);
    });
  });

  test('an attempt without the cache that was lost still has the fetched context, the agent and the network of the first', async () => {
    for (const program of ['ssh-keygen', 'ssh-agent', 'ssh-add']) demand(program);
    await withMachines(async ({ a, b, proxy }) => {
      const cache = `type=registry,ref=${proxy.host}/team/cache:main`;
      const network = canHavePrivateNetwork() ? ['--network', 'pasta'] : [];
      const shared = 'FROM localhost/busybox\nCOPY a.txt /\nRUN --network=none head -c 100000 /dev/urandom > /noise\n';
      await bud(a, [...network, '--cache-to', `${cache},mode=max`], checkout(a, 'here', shared));
      const own = 'test -S "$SSH_AUTH_SOCK" && echo network $(readlink /proc/self/ns/net)';
      const first = `FROM localhost/busybox AS first\nRUN --mount=type=ssh ${own}\n`;
      // The second command waits for the first, and then for a layer that is gone.
      const second = `RUN --mount=type=ssh --mount=from=first,target=/first ${own} && cat /a.txt\n`;
      const context = checkout(b, 'elsewhere', first + shared + second);
      const key = join(b.directory, 'key');
      await runOk(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
      const programs = join(b.directory, 'programs');
      mkdirSync(programs);
      const agent = execFileSync('which', ['ssh-agent'], { encoding: 'utf8' }).trim();
      writeFileSync(join(programs, 'ssh-agent'), `#!/bin/sh\necho begun >>${programs}/agents\nexec ${agent} "$@"\n`, { mode: 0o755 });
      let blobs = 0;
      proxy.fault = (line) => (/^GET .*\/blobs\//.test(line) && ++blobs > 1 ? 404 : undefined);
      const { stdout, stderr } = await b.ok(
        ['bud', '--tls-verify=false', '--no-cache-filter', 'first', ...network, '--ssh', `default=${key}`, '--cache-from', cache, '-'],
        { stdin: execFileSync('tar', ['-C', context, '-cf', '-', '.']), env: { PATH: `${programs}:${process.env.PATH}` } },
      );
      assert.match(stderr, /Cannot fetch the layer .*; building again without --cache-from/);
      assert.match(stdout, /^alpha$/m);
      const networks = [...stdout.matchAll(/^network (net:\S+)$/gm)].map(([, name]) => name);
      assert.is(networks.length, 3, stdout);
      assert.is(new Set(networks).size, 1, networks.join(' '));
      assert.is(readFileSync(join(programs, 'agents'), 'utf8'), 'begun\n');
      assert.equal(
        readdirSync(join(b.directory, 'run')).filter((name) => /^(ssh|key)-/.test(name)),
        [],
      );
    });
  });

  test('a mistake on the command line is told before anything is built', async () => {
    await withTestStore(async (store) => {
      for (const [args, message] of [
        [['--cache-to', 'type=gha'], /type=gha is not supported/],
        [['--cache-to', 'type=local,src=x'], /needs dest=|src=/],
        [['--cache-to', 'type=registry,ref=host/a,mode=all'], /neither min nor max/],
        [['--layers=false', '--cache-from', 'host/a'], /need a layer for each step/],
      ] as const) {
        const failed = await store.tsbuild(['bud', ...args, checkout(store, `c${args.join('').length}`)]);
        assert.is(failed.status, 125);
        assert.match(failed.stderr, message);
      }
    });
  });
});
