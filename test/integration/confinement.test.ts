import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, withTestStore } from '../support/tsbuild.js';

// Bits by linux/capability.h: Buildah's eleven; without CHOWN (0); with NET_RAW (13).
const DEFAULT = '00000000800405fb';
const WITHOUT_CHOWN = '00000000800405fa';
const WITH_NET_RAW = '00000000800425fb';

suite('--cap-add, --cap-drop, --security-opt', (test) => {
  test('of a build, and in its cache keys', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const context = join(store.directory, 'context');
      mkdirSync(context);
      writeFileSync(join(context, 'Containerfile'), 'FROM busybox\nRUN grep -E "^(CapEff|NoNewPrivs):" /proc/self/status\n');
      const build = async (...flags: string[]): Promise<string> => (await store.ok(['bud', ...flags, context])).stdout;
      assert.match(await build(), `CapEff:\t${DEFAULT}\n`);
      assert.match(await build('--cap-drop', 'chown'), `CapEff:\t${WITHOUT_CHOWN}\n`);
      assert.match(await build('--cap-add', 'CAP_NET_RAW'), `CapEff:\t${WITH_NET_RAW}\n`);
      assert.match(await build('--security-opt', 'no-new-privileges'), 'NoNewPrivs:\t1\n');
      assert.match(await build('--cap-drop', 'CAP_CHOWN'), 'Using cache');

      const profile = join(store.directory, 'profile.json');
      const refusing = (errno: number): void =>
        writeFileSync(
          profile,
          JSON.stringify({
            defaultAction: 'SCMP_ACT_ALLOW',
            syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: errno }],
          }),
        );
      writeFileSync(join(context, 'Containerfile'), 'FROM busybox\nRUN mkdir /made; true\n');
      refusing(28);
      const { stderr } = await store.ok(['bud', '--security-opt', `seccomp=${profile}`, context]);
      assert.match(stderr, 'No space left on device');
      refusing(30);
      // The profile's text is in the key, its name is not.
      assert.match((await store.ok(['bud', '--security-opt', `seccomp=${profile}`, context])).stderr, 'Read-only file system');
      const wrong = await store.tsbuild(['bud', '--cap-add', 'nothing', context]);
      assert.is(wrong.status, 125);
      assert.match(wrong.stderr, 'unknown capability "nothing"');
    }));

  test('of a working container, and of one command in it', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await store.ok(['from', '--name', 'c', '--cap-add', 'net_raw', '--security-opt', 'no-new-privileges', 'busybox']);
      const status = ['c', 'grep', '-E', '^(CapEff|NoNewPrivs):', '/proc/self/status'];
      assert.is((await store.ok(['run', ...status])).stdout, `CapEff:\t${WITH_NET_RAW}\nNoNewPrivs:\t1\n`);
      assert.is((await store.ok(['run', '--cap-drop', 'net_raw', ...status])).stdout, `CapEff:\t${DEFAULT}\nNoNewPrivs:\t1\n`);
    }));
});
