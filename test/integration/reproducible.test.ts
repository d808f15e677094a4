import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { addBusybox, fixtures, project, run, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';

const EPOCH = 1_700_000_000;
const CLAMP = ['--source-date-epoch', String(EPOCH), '--rewrite-timestamp'];

/** Two stages, a command that writes down a time it sees, and a file that is changed by a later step. */
const CONTAINERFILE = `FROM busybox AS made
RUN mkdir -p /made/deep && echo content > /made/deep/file && chown 5:6 /made/deep/file && ln /made/deep/file /made/link
FROM busybox
ARG SOURCE_DATE_EPOCH
COPY tree /tree
COPY --from=made /made /made
WORKDIR /work
RUN stat -c '%n %Y' /tree/sub/b /made/deep > seen && echo $SOURCE_DATE_EPOCH >> seen && echo more >> /tree/a
LABEL x=y
`;

/** What a checkout gives: the same files and modes, at the time of the checkout. */
function checkout(store: TestStore, name: string, mtimeSeconds: number): string {
  const directory = join(store.directory, name);
  mkdirSync(join(directory, 'tree/sub'), { recursive: true });
  writeFileSync(join(directory, 'Containerfile'), CONTAINERFILE);
  writeFileSync(join(directory, 'tree/a'), 'one\n');
  writeFileSync(join(directory, 'tree/sub/b'), 'two\n');
  chmodSync(join(directory, 'tree/sub/b'), 0o755);
  chmodSync(join(directory, 'tree/a'), 0o644);
  for (const path of ['tree/sub', 'tree']) chmodSync(join(directory, path), 0o755);
  for (const path of ['tree/a', 'tree/sub/b', 'tree/sub', 'tree']) utimesSync(join(directory, path), mtimeSeconds, mtimeSeconds);
  return directory;
}

const USER = 'tsbuild-subids';

function userStore(store: TestStore): string[] {
  return ['--root', join(store.directory, 'user/root'), '--runroot', join(store.directory, 'user/run')];
}

/** `bin/tsbuild` as the user, who sees the checkout where everybody can go. */
function ordinaryUser(args: readonly string[]): string[] {
  const identity = `--reuid=${USER} --regid=${USER} --init-groups --inh-caps=-all`;
  const script = `mount --bind "$0" /mnt && cd / && exec setpriv ${identity} env -u XDG_RUNTIME_DIR -u XDG_DATA_HOME HOME=/tmp USER=${USER} /mnt/bin/tsbuild "$@"`;
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, project, ...args];
}

async function digestOf(store: TestStore, name: string): Promise<string> {
  const inspected = JSON.parse((await store.ok(['inspect', '--type', 'image', name])).stdout) as { FromImageDigest: string };
  return inspected.FromImageDigest;
}

async function configOf(
  store: TestStore,
  name: string,
): Promise<{ rootfs: { diff_ids: string[] }; history: { created: string }[]; created: string }> {
  const { Config } = JSON.parse((await store.ok(['inspect', '--type', 'image', name])).stdout) as { Config: string };
  return JSON.parse(Config) as Awaited<ReturnType<typeof configOf>>;
}

suite('integration/reproducible', (test) => {
  test('the same inputs give the same image: another checkout, another umask, one step at a time, without cache', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const first = checkout(store, 'first', EPOCH + 1000);
      const second = checkout(store, 'second', EPOCH + 2000);
      await store.ok(['bud', '-q', ...CLAMP, '--no-cache', '--jobs', '8', '-t', 'a', first]);
      const umask = [
        'sh',
        '-c',
        'umask 077; exec "$@"',
        'sh',
        ...store.argv(['bud', '-q', ...CLAMP, '--no-cache', '--jobs', '1', '-t', 'b', second]),
      ];
      await runOk(umask);
      assert.is(await digestOf(store, 'a'), await digestOf(store, 'b'));
      const { created, history } = await configOf(store, 'a');
      assert.is(created, '2023-11-14T22:13:20Z');
      assert.is(history.at(-1)!.created, created);
      const seen = await store
        .ok(['bud', '-q', ...CLAMP, '-o', join(store.directory, 'out'), first])
        .then(() => runOk(['cat', join(store.directory, 'out/work/seen')]));
      assert.is(seen.stdout, `/tree/sub/b ${EPOCH}\n/made/deep ${EPOCH}\n${EPOCH}\n`);
      // The times are part of the keys: with others nothing of it is found.
      await store.ok(['bud', '-q', '--source-date-epoch', String(EPOCH + 1), '--rewrite-timestamp', '-t', 'c', first]);
      assert.is.not(await digestOf(store, 'a'), await digestOf(store, 'c'));
    });
  });

  test('two stores, --timestamp, the variable and the build argument', async () => {
    const builds: string[] = [];
    for (const flags of [CLAMP, CLAMP]) {
      await withTestStore(async (store) => {
        const directory = checkout(store, 'context', EPOCH + 5000 + builds.length);
        writeFileSync(join(directory, 'Containerfile'), 'FROM scratch\nCOPY tree /\n');
        await store.ok(['bud', '-q', ...flags, '-t', 'flag', directory]);
        await store.ok(['bud', '-q', '--rewrite-timestamp', '-t', 'variable', directory], { env: { SOURCE_DATE_EPOCH: String(EPOCH) } });
        await store.ok(['bud', '-q', '--rewrite-timestamp', '--build-arg', `SOURCE_DATE_EPOCH=${EPOCH}`, '-t', 'argument', directory]);
        await store.ok(['bud', '-q', '--timestamp', String(EPOCH), '-t', 'timestamp', directory]);
        const digests = await Promise.all(['flag', 'variable', 'argument', 'timestamp'].map((name) => digestOf(store, name)));
        assert.is(new Set(digests).size, 1, digests.join('\n'));
        builds.push(digests[0]!);
        const refused = await store.tsbuild(['bud', '-q', '--timestamp', '1', directory], { env: { SOURCE_DATE_EPOCH: '2' } });
        assert.is(refused.status, 125);
        assert.match(refused.stderr, /cannot use --timestamp and --source-date-epoch together/);
      });
    }
    assert.is(builds[0], builds[1]);
  });

  test('a layer is byte for byte what GNU tar makes of the same files, whoever builds', async () => {
    await withTestStore(async (store) => {
      const directory = checkout(store, 'context', EPOCH + 5000);
      writeFileSync(join(directory, 'Containerfile'), 'FROM scratch\nCOPY tree /\n');
      await store.ok(['bud', '-q', ...CLAMP, '-t', 'app', directory]);
      const flags = ['--format=ustar', '-b1', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${EPOCH}`];
      const tar = join(store.directory, 'expected.tar');
      await runOk(['tar', ...flags, '-C', join(directory, 'tree'), '-cf', tar, 'a', 'sub']);
      const expected = createHash('sha256').update(readFileSync(tar)).digest('hex');
      assert.equal((await configOf(store, 'app')).rootfs.diff_ids, [`sha256:${expected}`]);
    });
  });

  test('root and an ordinary user with subordinate ids give the same image', async () => {
    if (process.getuid?.() !== 0) skip('root makes the other build');
    if (!readFileSync('/etc/subuid', 'utf8').includes(`${USER}:`)) skip(`there is no user ${USER}`);
    const ids = await Promise.all(
      [false, true].map((asUser) =>
        withTestStore(async (store) => {
          const directory = checkout(store, 'context', EPOCH + 5000);
          // Its own base, of the same time: one that each store has made has other times.
          const base = 'FROM scratch AS busybox\nADD rootfs.tar.zst /\nENV PATH=/bin\n';
          writeFileSync(join(directory, 'Containerfile'), base + CONTAINERFILE);
          copyFileSync(join(fixtures, 'busybox.tar.zst'), join(directory, 'rootfs.tar.zst'));
          const build = ['bud', '-q', ...CLAMP, directory];
          if (!asUser) return (await store.ok(build)).stdout;
          await runOk(['chown', '-R', USER, store.directory]);
          const { stdout } = await runOk(ordinaryUser([...userStore(store), ...build]));
          await runOk(ordinaryUser([...userStore(store), 'unshare', 'rm', '-rf', join(store.directory, 'user')]));
          return stdout;
        }),
      ),
    );
    assert.is(ids[0], ids[1]);
  });

  test('--verify-reproducible names the file that differs, and its layer', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const directory = checkout(store, 'context', EPOCH + 5000);
      await store.ok(['bud', '-q', ...CLAMP, '--verify-reproducible', '-t', 'good', directory]);
      assert.match((await store.ok(['images', '-q', 'good'])).stdout, /^[0-9a-f]{12}\n$/);
      writeFileSync(join(directory, 'Containerfile'), 'FROM busybox\nRUN head -c 8 /dev/urandom > /random; echo same > /same\n');
      const different = await run(store.argv(['bud', '-q', ...CLAMP, '--verify-reproducible', '-t', 'bad', directory]));
      assert.is(different.status, 1, different.stderr);
      const lines = different.stdout.split('\n');
      assert.match(lines[0]!, /^Not reproducible: two builds gave [0-9a-f]{64} and [0-9a-f]{64}$/);
      assert.match(lines[1]!, /^ {2}layer 2 \(RUN \/bin\/sh -c head .*\): sha256:[0-9a-f]{64} \/ sha256:[0-9a-f]{64}$/);
      assert.match(lines[2]!, /^ {4}random: content sha256:[0-9a-f]{12} \/ sha256:[0-9a-f]{12}$/);
      assert.equal(lines.slice(3), ['']);
      assert.is((await store.tsbuild(['images', '-q', 'bad'])).stdout, '');
    });
  });
});
