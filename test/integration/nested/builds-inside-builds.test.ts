import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { copyInstalledPackage } from '../../support/installed-package.js';
import { skip, suite } from '../../support/suite.js';
import { addNode, fixtures, idModeOf, type TestStore, withTestStore } from '../../support/tsbuild.js';

/** Stands for a project: a base from a file, a command that needs it, one that owns files as somebody else. */
const INNER = `FROM scratch
ADD busybox.tar /
RUN ["/bin/busybox", "sh", "-c", "echo made inside > /made; /bin/busybox chown 1000:1000 /made; /bin/busybox stat -c %u /made"]
USER 1000
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox cat /made; /bin/busybox id -u"]
`;

/** An image that holds tsbuild, made by tsbuild, and a working container "builder" of it. */
async function withBuilder(body: (store: TestStore) => Promise<void>): Promise<void> {
  if (!existsSync(join(fixtures, 'busybox.tar'))) skip('build/fixtures/busybox.tar could not be made on this machine');
  if (process.env.ASAN_OPTIONS !== undefined) skip('programs with sanitizers need libraries that the image does not have');
  await withTestStore(async (store) => {
    await addNode(store);
    const context = join(store.directory, 'builder');
    copyInstalledPackage(join(context, 'tsbuild'));
    mkdirSync(join(context, 'project'));
    writeFileSync(join(context, 'project/Containerfile'), INNER);
    copyFileSync(join(fixtures, 'busybox.tar'), join(context, 'project/busybox.tar'));
    writeFileSync(
      join(context, 'Containerfile'),
      `FROM localhost/node20
COPY tsbuild /opt/tsbuild
COPY project /project
RUN ln -s /opt/tsbuild/bin/tsbuild /usr/local/bin/tsbuild 
`,
    );
    await store.ok(['bud', '-q', '-t', 'builder', context]);
    await store.ok(['from', '--name', 'builder', 'localhost/builder']);
    await body(store);
  });
}

suite('builds inside builds', (test) => {
  test('a working container builds: in copies on its own root file system, on overlays where the store is a volume', () =>
    withBuilder(async (store) => {
      const { stdout, stderr } = await store.ok(['run', 'builder', 'tsbuild', 'bud', '-t', 'inner', '/project']);
      assert.match(stdout, /^1000\n/m);
      assert.match(stdout, /^made inside\n1000\n/m);
      assert.match(stdout, /Successfully tagged localhost\/inner:latest/);
      assert.match(stderr, /Root file systems are copied \(vfs\)/);
      const { stdout: names } = await store.ok(['run', 'builder', 'tsbuild', 'images', '--format', '{{.Name}}:{{.Tag}}']);
      assert.is(names, 'localhost/inner:latest\n');

      const volume = join(store.directory, 'volume');
      mkdirSync(volume);
      const mounted = await store.ok([
        ...['run', '--volume', `${volume}:/var/lib/tsbuild`, 'builder'],
        ...['tsbuild', 'bud', '-t', 'inner', '/project'],
      ]);
      assert.match(mounted.stdout, /^made inside\n1000\n/m);
      assert.not.match(mounted.stderr, /Root file systems are copied/);
      // The store on the volume is one that the builder outside can read.
      const { stdout: outside } = await store.ok(['images', '--root', volume, '--format', '{{.Name}}:{{.Tag}}']);
      assert.is(outside, 'localhost/inner:latest\n');
      await store.ok(['unshare', 'rm', '-rf', volume]);
    }));

  test('working containers work in one, and --isolation chroot makes the same image', () =>
    withBuilder(async (store) => {
      const script = `set -e
c=$(tsbuild from scratch)
tsbuild add -q $c /project/busybox.tar /
tsbuild run $c /bin/busybox sh -c 'echo third > /level'
tsbuild run $c /bin/busybox cat /level
tsbuild config --cmd /bin/busybox $c
tsbuild commit -q --rm $c third > /dev/null
tsbuild inspect --type image --format '{{index .OCIv1.Config.Cmd 0}}' third`;
      const { stdout } = await store.ok(['run', 'builder', 'sh', '-c', script]);
      assert.is(stdout.trim(), 'third\n/bin/busybox');
      const build = ['tsbuild', 'bud', '-q', '--timestamp', '0', '--no-cache', '/project'];
      const native = await store.ok(['run', 'builder', ...build]);
      const chroot = await store.ok(['run', '--env', 'BUILDAH_ISOLATION=chroot', 'builder', ...build]);
      assert.match(native.stdout, /^[0-9a-f]{64}\n$/);
      assert.is(chroot.stdout, native.stdout);
    }));

  test('a RUN builds: on a tmpfs, in a cache mount that later ones find, and as another user on nothing at all', () =>
    withBuilder(async (store) => {
      const context = join(store.directory, 'outer');
      mkdirSync(context);
      const hasIds = (await idModeOf(store)) !== 'single';
      writeFileSync(
        join(context, 'Containerfile'),
        `FROM localhost/builder AS inside
RUN --mount=type=tmpfs,target=/var/lib/tsbuild tsbuild bud -q --output type=tar,dest=/exported.tar /project && tar -xf /exported.tar -C / made
RUN test -z "$(ls -A /var/lib/tsbuild)"
RUN --mount=type=cache,target=/var/lib/tsbuild tsbuild bud /project
RUN --mount=type=cache,target=/var/lib/tsbuild tsbuild bud /project > /second
${hasIds ? 'RUN useradd -m dev\nUSER dev\nRUN tsbuild bud -q /project\nUSER root' : ''}
FROM scratch
COPY --from=inside --chown=0:0 /made /second /
`,
      );
      const exported = join(store.directory, 'exported');
      await store.ok(['bud', '--output', `type=local,dest=${exported}`, context]);
      assert.is(readFileSync(join(exported, 'made'), 'utf8'), 'made inside\n');
      assert.is(readFileSync(join(exported, 'second'), 'utf8').match(/^--> Using cache/gm)?.length, 3);
      if (!hasIds) skip('built, but not as another user: with one id only root of a container has an id that it could map again');
    }));

  test('a command whose ids are mapped can build with ids that it maps, and layers hold those of the innermost', () =>
    withBuilder(async (store) => {
      const mode = await idModeOf(store);
      if (mode === 'single') skip('with one id there is none that could be mapped twice');
      const context = join(store.directory, 'outer');
      mkdirSync(context);
      const inner = ['--userns-uid-map 0:1:1500', '--userns auto:size=1200'].map(
        (flags) =>
          `tsbuild bud --no-cache ${flags} --output type=tar,dest=/exported.tar /project && tar --numeric-owner -tvf /exported.tar made`,
      );
      writeFileSync(
        join(context, 'Containerfile'),
        `FROM localhost/builder\nRUN --mount=type=tmpfs,target=/var/lib/tsbuild cat /proc/self/uid_map && ${inner.join(' && ')}\n`,
      );
      const first = mode === 'root' ? 300000 : 1;
      const { stdout } = await store.ok(['bud', '--userns-uid-map', `0:${first}:60000`, context]);
      assert.match(stdout, new RegExp(`^ +0 +${first} +60000$`, 'm'));
      assert.is(stdout.match(/^made inside\n1000$/gm)?.length, 2);
      assert.is(stdout.match(/^-rw-r--r-- 1000\/1000 +\d+ \S+ \S+ made$/gm)?.length, 2, stdout);
    }));
});
