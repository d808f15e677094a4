import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type CountingProxy, withCountingProxy } from '../support/counting-proxy.js';
import { withDockerRegistry } from '../support/docker-registry.js';
import { withHttpProxy } from '../support/http-proxy.js';
import { suite } from '../support/suite.js';
import { addBusybox, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';
import { Layout } from '../support/validate-layout.js';

const BLOBS = /\/blobs\/sha256:/;

function context(store: TestStore, name: string, containerfile: string): string {
  const directory = join(store.directory, name);
  mkdirSync(directory);
  writeFileSync(join(directory, 'Containerfile'), containerfile);
  writeFileSync(join(directory, 'file'), 'content\n');
  return directory;
}

interface Machine {
  /** Has nothing. */
  readonly store: TestStore;
  readonly proxy: CountingProxy;
  /** An image of three layers, as the proxy's registry calls it. */
  readonly base: string;
}

async function withBase(body: (machine: Machine) => Promise<void>): Promise<void> {
  await withDockerRegistry({}, (registry) =>
    withCountingProxy(registry.host, (proxy) =>
      withTestStore((maker) =>
        withTestStore(async (store) => {
          await addBusybox(maker);
          const base = `${proxy.host}/team/base:1`;
          await maker.ok([
            ...['bud', '-q', '-t', base],
            context(maker, 'base', 'FROM localhost/busybox\nRUN echo two > /two\nRUN echo three > /three && chmod 750 / && rm /two\n'),
          ]);
          await maker.ok(['push', '-q', '--tls-verify=false', base]);
          proxy.clear();
          await body({ store, proxy, base });
        }),
      ),
    ),
  );
}

function bud(store: TestStore, args: readonly string[]) {
  return store.ok(['bud', '-q', '--tls-verify=false', ...args]);
}

suite('integration/lazy-pull', (test) => {
  test('FROM with metadata, only pushed: one configuration is read, and no layer is sent', async () => {
    await withBase(async ({ store, proxy, base }) => {
      const directory = context(store, 'app', `FROM ${base}\nLABEL who=me\nENV A=b\nCMD ["/bin/sh"]\n`);
      const target = `${proxy.host}/team/app:1`;
      await bud(store, ['-t', `docker://${target}`, directory]);
      assert.is(proxy.count('GET', BLOBS), 1, proxy.seen.join('\n'));
      assert.is(proxy.count('POST', /mount=sha256.*from=team%2Fbase/), 3, proxy.seen.join('\n'));
      // The new configuration alone.
      assert.is(proxy.count('PATCH', /./), 1, proxy.seen.join('\n'));
      assert.is((await store.ok(['images', '-q'])).stdout, '');
      await withTestStore(async (reader) => {
        await reader.ok(['pull', '-q', '--tls-verify=false', target]);
        assert.equal(await new Layout(reader.root).problems(), []);
      });
    });
  });

  test('sent to another registry, the layers go through without a stop in the store', async () => {
    await withBase(async ({ store, proxy, base }) => {
      await withDockerRegistry({}, async (other) => {
        const directory = context(store, 'app', `FROM ${base}\nLABEL who=me\n`);
        await bud(store, ['-o', `type=registry,name=${other.host}/app:1`, directory]);
        assert.is(proxy.count('GET', BLOBS), 4);
        assert.is((await store.ok(['images', '-q'])).stdout, '');
        await runOk([
          'skopeo',
          'copy',
          '-q',
          '--src-tls-verify=false',
          `docker://${other.host}/app:1`,
          `dir:${join(store.directory, 'copy')}`,
        ]);
      });
    });
  });

  test('an image that gets a name is complete, and so is its base', async () => {
    await withBase(async ({ store, proxy, base }) => {
      await bud(store, ['-t', 'app', context(store, 'app', `FROM ${base}\nLABEL who=me\n`)]);
      assert.is(proxy.count('GET', BLOBS), 4, proxy.seen.join('\n'));
      const names = (await store.ok(['images', '--format', '{{.Name}}'])).stdout.trim().split('\n').sort();
      assert.equal(names, [base.replace(/:1$/, ''), 'localhost/app']);
      assert.equal(await new Layout(store.root).problems(), []);
    });
  });

  test('a stage whose files nobody sees is not fetched; one whose files are copied is, once', async () => {
    await withBase(async ({ store, proxy, base }) => {
      const app = (name: string, text: string) => context(store, name, text);
      await bud(store, ['-t', 'unseen', app('unseen', `FROM ${base} AS tools\nENV X=1\nFROM scratch\nCOPY file /\n`)]);
      assert.is(proxy.count('GET', BLOBS), 0, proxy.seen.join('\n'));
      await bud(store, ['-t', 'seen', app('seen', `FROM ${base} AS tools\nFROM scratch\nCOPY --from=tools /three /\n`)]);
      assert.is(proxy.count('GET', BLOBS), 4, proxy.seen.join('\n'));
      proxy.clear();
      await bud(store, ['-t', 'again', app('again', `FROM ${base} AS tools\nFROM scratch\nCOPY --from=tools /three /three\n`)]);
      // By its name, which it got when it was complete.
      assert.equal(proxy.seen, []);
    });
  });

  test('layers that are extracted at once look as if one after the other', async () => {
    await withBase(async ({ store, base }) => {
      const output = join(store.directory, 'seen');
      const look = 'ls /two 2>&1; cat /three; stat -c %a /; test -x /bin/busybox && echo complete';
      const directory = context(store, 'app', `FROM ${base} AS base\nRUN (${look}) > /seen\nFROM scratch\nCOPY --from=base /seen /\n`);
      await bud(store, ['-o', output, directory]);
      assert.is(readFileSync(join(output, 'seen'), 'utf8'), 'ls: /two: No such file or directory\nthree\n750\ncomplete\n');
    });
  });

  test('a registry that breaks off, answers 503 and ignores ranges is outwaited, and the layers are right', async () => {
    await withBase(async ({ store, proxy, base }) => {
      const faults = new Map<string, number>();
      proxy.fault = (line) => {
        const count = faults.get(line) ?? 0;
        faults.set(line, count + 1);
        if (!line.startsWith('GET') || !BLOBS.test(line)) return undefined;
        return count === 0 ? 503 : count === 1 ? 'truncate' : undefined;
      };
      proxy.ignoresRanges = true;
      await bud(store, ['-t', 'app', context(store, 'app', `FROM ${base}\nRUN test -e /three\n`)]);
      assert.equal(await new Layout(store.root).problems(), []);
    });
  });

  test('wrong bytes are refused, nothing of them stays, and the next build succeeds', async () => {
    await withBase(async ({ store, proxy, base }) => {
      const directory = context(store, 'app', `FROM ${base}\nRUN test -e /three\n`);
      // Of the layers, the configuration being the first blob that is read.
      let blobs = 0;
      proxy.fault = (line) => (line.startsWith('GET') && BLOBS.test(line) && ++blobs > 1 ? 'corrupt' : undefined);
      const refused = await store.tsbuild(['bud', '-q', '--tls-verify=false', '-t', 'app', directory]);
      assert.is.not(refused.status, 0);
      assert.match(refused.stderr, /expected sha256:|stream is damaged|ends too early/);
      assert.is((await store.ok(['images', '-q'])).stdout, '');
      assert.equal(
        readdirSync(join(store.root, 'snapshots')).filter((name) => name !== 'empty'),
        [],
      );
      proxy.fault = () => undefined;
      await bud(store, ['-t', 'app', directory]);
      assert.equal(await new Layout(store.root).problems(), []);
    });
  });

  test('pull and push go through the proxy of the environment, and past it where no_proxy says so', async () => {
    await withDockerRegistry({}, (registry) =>
      withHttpProxy({ 'registry.test:80': registry.host, 'registry.test': registry.host }, (proxy) =>
        withTestStore(async (store) => {
          await addBusybox(store);
          const env = {
            http_proxy: `http://me:secret@${proxy.address}`,
            https_proxy: `http://${proxy.address}`,
            no_proxy: 'elsewhere.test',
          };
          await store.ok(['push', '-q', '--tls-verify=false', 'busybox', 'docker://registry.test/box:1'], { env });
          await store.ok(['rmi', '-f', 'busybox']);
          await store.ok(['pull', '-q', '--tls-verify=false', 'docker://registry.test/box:1'], { env });
          assert.ok(proxy.seen.some(({ line }) => line.startsWith('GET http://registry.test/v2/box/manifests/1')));
          assert.ok(
            proxy.seen.filter(({ line }) => line.includes('http://')).every(({ authorization }) => authorization === 'Basic bWU6c2VjcmV0'),
          );
          const asked = proxy.seen.length;
          const direct = await store.tsbuild(['pull', '-q', '--tls-verify=false', 'docker://elsewhere.test/box:1'], { env });
          assert.is.not(direct.status, 0);
          assert.is(proxy.seen.length, asked);
        }),
      ),
    );
  });
});
