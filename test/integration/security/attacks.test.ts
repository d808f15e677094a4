import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.js';
import { addBusybox, type TestStore, withTestStore } from '../../support/tsbuild.js';
import { unchanged } from '../../support/unchanged.js';

async function withPlace(body: (store: TestStore, context: string, outside: string) => Promise<void>): Promise<void> {
  await withTestStore(async (store) => {
    await addBusybox(store);
    const [context, outside] = [join(store.directory, 'context'), join(store.directory, 'outside')];
    for (const directory of [context, outside]) mkdirSync(directory);
    writeFileSync(join(outside, 'secret'), 'untouched');
    await unchanged(outside, () => body(store, context, outside));
  });
}

suite('attacks on a build', (test) => {
  test('an image that claims to be the outcome of a step is not taken for it (CVE-2024-24557)', () =>
    withPlace(async (store, context) => {
      const archive = join(store.directory, 'forged.tar');
      const lines = (text: string): string => `FROM localhost/busybox\nRUN echo ${text} > /made\n`;
      // The forger's image: its history speaks of the very command that the victim will build, its layer holds something else.
      writeFileSync(join(context, 'Containerfile'), `${lines('forged')}`);
      await store.ok(['bud', '-t', 'forged', context]);
      await store.ok(['push', 'forged', `oci-archive:${archive}`]);
      await withTestStore(async (victim) => {
        await addBusybox(victim);
        await victim.ok(['pull', `oci-archive:${archive}`]);
        writeFileSync(join(context, 'Containerfile'), lines('forged'));
        const { stdout, stderr } = await victim.ok(['bud', '-t', 'app', context]);
        assert.not.match(stdout + stderr, /Using cache/);
      });
    }));

  for (const fd of [3, 4, 5, 6, 7, 8, 9, 10, 15, 20]) {
    test(`WORKDIR /proc/self/fd/${fd} leads to nothing of the host (CVE-2024-21626)`, () =>
      withPlace(async (store, context, outside) => {
        const script = `pwd; ls -d ../../../../../../..${outside} && echo ESCAPED || true`;
        writeFileSync(join(context, 'Containerfile'), `FROM localhost/busybox\nWORKDIR /proc/self/fd/${fd}\nRUN ${script}\n`);
        const { stdout, stderr } = await store.tsbuild(['bud', '--no-cache', context]);
        assert.not.match(stdout, /^ESCAPED$/m, stdout + stderr);
      }));
  }

  test('no other user of the host gets at files of images, whose set-user-id bits count (CVE-2021-41091)', () =>
    withPlace(async (store, context) => {
      const folders = ['snapshots', 'containers', 'tmp', 'trash', 'cache/mounts'].map((name) => join(store.root, name));
      // A store of an earlier day; the next build shuts it.
      chmodSync(join(store.root, 'snapshots'), 0o755);
      const lines = 'FROM localhost/busybox\nRUN --mount=type=cache,target=/c cp /bin/busybox /su && chmod 4755 /su\n';
      writeFileSync(join(context, 'Containerfile'), lines);
      await store.ok(['bud', '-t', 'app', context]);
      assert.equal(
        folders.map((path) => (statSync(path).mode & 0o777).toString(8)),
        folders.map(() => '700'),
      );
    }));
});
