import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withCountingProxy } from '../support/counting-proxy.js';
import { withDockerRegistry } from '../support/docker-registry.js';
import { suite } from '../support/suite.js';
import { addBusybox, type TestStore, withTestStore } from '../support/tsbuild.js';

/** A context with these files. */
function contextOf(store: TestStore, files: Readonly<Record<string, string>>): string {
  const directory = join(store.directory, 'context');
  mkdirSync(directory, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}

/** What the image's last RUN printed after `SEEN`. */
function seenIn(stdout: string): string | undefined {
  return /^SEEN (.*)$/m.exec(stdout)?.[1];
}

suite('integration/copy-link', (test) => {
  test('its layer lies beside what is there, and directories it makes hide nothing', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const context = contextOf(store, {
        'file.txt': 'linked',
        Containerfile:
          'FROM localhost/busybox\nRUN mkdir -p /dir/sub /real && echo a > /dir/sub/a && ln -s real /link && chmod 700 /dir\n' +
          'COPY --link file.txt /dir/sub/b\nCOPY --link --chown=3:4 --chmod=600 file.txt /link/\n' +
          // The directories are those of a copy onto scratch: a link in their place is gone, and their attributes are the usual ones.
          'RUN echo SEEN $(ls /dir/sub) $(cat /link/file.txt) $(stat -c %u:%g:%a /link/file.txt /dir) $(ls /real | wc -l)\n',
      });
      const { stdout } = await store.ok(['bud', '-t', 'app', context]);
      assert.is(seenIn(stdout), 'a b linked 3:4:600 0:0:755 0');
      // And so in the image, by its layers.
      writeFileSync(join(context, 'Look'), 'FROM localhost/app\nRUN echo SEEN $(ls /dir/sub) $(test -L /link || cat /link/file.txt)\n');
      assert.is(seenIn((await store.ok(['bud', '-f', join(context, 'Look'), context])).stdout), 'a b linked');
    }));

  test('it is found in the cache on another parent, a name to be looked up there is not', () =>
    withTestStore(async (store) => {
      const base = 'FROM scratch\nCOPY a /a\n';
      const context = contextOf(store, {
        a: 'a',
        b: 'b',
        passwd: 'web:x:33:44::/:/bin/sh\n',
        Containerfile: `${base}COPY passwd /etc/passwd\nCOPY --link b /x/\nCOPY --link --chown=web b /y/\n`,
      });
      await store.ok(['bud', '-t', 'app', context]);
      writeFileSync(join(context, 'a'), 'changed');
      const { stdout } = await store.ok(['bud', '-t', 'app', '--explain', context]);
      const decisions = [...stdout.matchAll(/^STEP (\d)\/5: .*\ncache: (\w+)/gm)].map(([, step, decision]) => `${step} ${decision}`);
      assert.equal(decisions, ['2 miss', '3 miss', '4 hit', '5 miss']);
    }));

  test('it is made while its parent is', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const signs = join(store.directory, 'signs');
      mkdirSync(signs);
      const steps = join(store.root, 'cache/steps');
      const before = new Set(readdirSync(steps));
      const context = contextOf(store, {
        'file.txt': 'linked',
        Containerfile: 'FROM localhost/busybox\nRUN until [ -e /signs/go ]; do sleep 0.05; done\nCOPY --link file.txt /\n',
      });
      const building = store.ok(['bud', '--jobs', '2', '-v', `${signs}:/signs`, '-t', 'app', context]);
      // The command ends once the copy is on record; if the copy waited for it, neither would end.
      const isRecorded = (): boolean => readdirSync(steps).some((name) => !before.has(name) && readdirSync(join(steps, name)).length > 0);
      while (!isRecorded()) await new Promise((resolve) => setTimeout(resolve, 50));
      writeFileSync(join(signs, 'go'), '');
      await building;
    }));

  test('what goes wrong in it is shown at its line, whatever ran meanwhile', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const context = contextOf(store, { Containerfile: 'FROM localhost/busybox\nRUN sleep 30\nCOPY --link missing /\n' });
      const { status, stderr } = await store.tsbuild(['bud', '--jobs', '2', '-t', 'app', context]);
      assert.is(status, 125);
      assert.match(stderr, /Containerfile:3:1: building at STEP "COPY --link missing \/": "missing": no such file/);
    }));

  test('of a base in a registry nothing is fetched', () =>
    withDockerRegistry({}, (registry) =>
      withCountingProxy(registry.host, (proxy) =>
        withTestStore((maker) =>
          withTestStore(async (store) => {
            await addBusybox(maker);
            const base = `${proxy.host}/team/base:1`;
            await maker.ok(['push', '-q', '--tls-verify=false', 'localhost/busybox', `docker://${base}`]);
            proxy.clear();
            const context = contextOf(store, { 'file.txt': 'linked', Containerfile: `FROM ${base}\nCOPY --link file.txt /\n` });
            await store.ok(['bud', '-q', '--tls-verify=false', '-t', `docker://${proxy.host}/team/app:1`, context]);
            // The configuration.
            assert.is(proxy.count('GET', /\/blobs\/sha256:/), 1, proxy.seen.join('\n'));
          }),
        ),
      ),
    ));
});
