import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';

interface Problem {
  readonly subject: string;
  readonly problem: string;
  readonly repaired?: string;
}

async function build(store: TestStore, name: string, containerfile: string, env: Record<string, string> = {}): Promise<string> {
  const context = join(store.directory, `context-${name}`);
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Containerfile'), containerfile);
  const { stdout } = await store.ok(['bud', '-q', '-t', name, context], { env });
  return stdout.trim();
}

async function problems(store: TestStore, ...flags: string[]): Promise<readonly Problem[]> {
  const result = await store.tsbuild(['system', 'check', '--json', ...flags]);
  assert.ok(result.status === 0 || result.status === 1, result.stderr);
  return (JSON.parse(result.stdout) as { problems: Problem[] }).problems;
}

/** The file of the blob of the image's last layer. */
async function lastBlob(store: TestStore, image: string): Promise<string> {
  const { stdout } = await store.ok(['inspect', '--type', 'image', image]);
  const { Manifest } = JSON.parse(stdout) as { Manifest: string };
  const { layers } = JSON.parse(Manifest) as { layers: { digest: string }[] };
  return join(store.root, 'blobs', layers.at(-1)!.digest.replace(':', '/'));
}

/** Files of the store are read-only, and may belong to mapped ids. */
function overwrite(store: TestStore, path: string, script: string): Promise<unknown> {
  return store.ok(['unshare', 'sh', '-c', `chmod u+w "$0"; ${script}`, path]);
}

function bytes(store: TestStore): Promise<number> {
  return runOk(store.argv(['unshare', 'du', '-s', '--apparent-size', '-B1', store.root])).then(({ stdout }) => Number.parseInt(stdout, 10));
}

const BIG = 'FROM localhost/busybox\nRUN dd if=/dev/urandom of=/big bs=1k count=2000 2>/dev/null\n';

suite('system df, du', (test) => {
  test('every image, step and cache mount is counted, shared layers once', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await build(store, 'app', `${BIG}RUN --mount=type=cache,id=c,target=/c dd if=/dev/zero of=/c/x bs=1k count=100 2>/dev/null\n`);
      const { stdout } = await store.ok(['system', 'df', '--format', 'json']);
      const rows = JSON.parse(stdout) as { Type: string; Total: number; RawSize: number; RawReclaimable: number }[];
      const row = (type: string) => rows.find(({ Type }) => Type === type)!;
      assert.is(row('Images').Total, 2);
      // Two megabytes of random bytes, as a file and as a blob, and the base twice; nothing counted twice.
      assert.ok(row('Images').RawSize > 4_096_000 && row('Images').RawSize <= (await bytes(store)), stdout);
      assert.is(row('Cache Mounts').Total, 1);
      assert.is(row('Cache Mounts').RawSize, 102_400);
      assert.is(row('Build Cache').RawSize, 0);
      await store.ok(['rmi', 'app']);
      const after = JSON.parse((await store.ok(['system', 'df', '--format', 'json'])).stdout) as typeof rows;
      assert.ok(after.find(({ Type }) => Type === 'Build Cache')!.RawReclaimable > 2_048_000);
      const du = JSON.parse((await store.ok(['du', '--format', 'json'])).stdout) as { steps: { text: string; sizeBytes: number }[] };
      assert.ok(du.steps.some(({ text, sizeBytes }) => text.startsWith('RUN dd if=/dev/urandom') && sizeBytes > 2_048_000));
      // Not what is noted beside them, such as the image's time.
      assert.equal(
        du.steps.map(({ text }) => text.split(' ')[0]),
        ['RUN', 'RUN', 'ADD'],
      );
      assert.match((await store.ok(['system', 'df', '-v'])).stdout, /localhost\/busybox:latest/);
      assert.match((await store.ok(['system', 'df', '--format', '{{.Type}}: {{.Reclaimable}}'])).stdout, /^Images: .* \(100%\)$/m);
    }));
});

suite('prune', (test) => {
  test('--dry-run tells and changes nothing; prune then does it, and the disk is free', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const id = await build(store, 'app', BIG);
      await build(store, 'app', 'FROM localhost/busybox\nLABEL a=b\n');
      const before = await bytes(store);
      const dry = await store.ok(['prune', '--dry-run']);
      assert.is(dry.stdout, `${id}\n`);
      assert.match(dry.stderr, /^Would remove 1 image, \d+ cached steps?, 0 cache mounts: 4\.\d+ MB\n$/);
      assert.is(await bytes(store), before);
      const done = await store.ok(['prune']);
      assert.is(done.stdout, `${id}\n`);
      assert.is(done.stderr, dry.stderr.replace('Would remove', 'Removed'));
      assert.ok((await bytes(store)) < before - 4_000_000);
      assert.equal(await problems(store), []);
      assert.is((await store.ok(['images', '-q'])).stdout.trim().split('\n').length, 2);
    }));

  test('filters: an image by label and age, the cache by what is kept', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await build(store, 'one', 'FROM localhost/busybox\nLABEL keep=no\nRUN echo 1 > /1\n');
      await build(store, 'two', 'FROM localhost/busybox\nLABEL keep=yes\nRUN echo 2 > /2\n');
      const names = async (): Promise<string[]> =>
        (await store.ok(['images', '--format', '{{.Name}}', '-n'])).stdout.trim().split('\n').sort();
      await store.ok(['image', 'prune', '-a', '--filter', 'label=keep=no', '--filter', 'until=1h']);
      assert.equal(await names(), ['localhost/busybox', 'localhost/one', 'localhost/two']);
      await store.ok(['image', 'prune', '-a', '--filter', 'label=keep=no']);
      assert.equal(await names(), ['localhost/busybox', 'localhost/two']);
      await store.ok(['image', 'prune', '-a', '--filter', 'label!=keep', '--filter', 'size=1GB']);
      assert.equal(await names(), ['localhost/busybox', 'localhost/two']);
      assert.match((await store.ok(['cache', 'prune', '--keep-storage', '1GB'])).stderr, /Removed 0 images, 0 cached steps/);
      assert.match((await store.ok(['cache', 'prune', '--filter', 'unused-for=1h'])).stderr, /Removed 0 images, 0 cached steps/);
      assert.match((await store.ok(['cache', 'prune'])).stderr, /Removed 0 images, [1-9]\d* cached steps/);
      const left = readdirSync(join(store.root, 'cache/steps'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      assert.equal(left, [], 'what is noted beside the steps goes too');
      const bad = await store.tsbuild(['prune', '--filter', 'colour=red']);
      assert.is(bad.status, 125);
      assert.match(bad.stderr, /invalid filter "colour=red"/);
    }));

  test('an image of a working container stays, unless containers go too', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await store.ok(['from', '--name', 'c', 'localhost/busybox']);
      assert.is((await store.ok(['prune', '-a'])).stdout, '');
      const { stdout } = await store.ok(['prune', '-a', '-f']);
      assert.is(stdout.trim().split('\n').length, 2);
      assert.is((await store.ok(['images', '-q'])).stdout.trim(), '');
    }));
});

suite('collection at the end of a build', (test) => {
  test('once an hour, by the policy of tsbuild.toml', () =>
    withTestStore(async (store) => {
      const home = join(store.directory, 'config');
      mkdirSync(join(home, 'tsbuild'), { recursive: true });
      writeFileSync(join(home, 'tsbuild', 'tsbuild.toml'), '[collection]\nkeep = "100kb"\n');
      const env = { XDG_CONFIG_HOME: home };
      await addBusybox(store);
      await build(store, 'app', BIG, env);
      await store.ok(['rmi', 'app']);
      const records = (): number => readdirSync(join(store.root, 'cache/steps')).length;
      const before = records();
      await build(store, 'next', 'FROM localhost/busybox\nRUN true\n', env);
      assert.ok(records() > before, 'nothing is due within the hour');
      const stamp = join(store.root, 'cache/collected');
      const longAgo = new Date(Date.now() - 2 * 3_600_000);
      await runOk(store.argv(['unshare', 'touch', '-d', longAgo.toISOString(), stamp]));
      const kept = await bytes(store);
      await build(store, 'last', 'FROM localhost/busybox\nRUN true\n', env);
      // The extracted layer went with its image, its blob goes now.
      assert.ok((await bytes(store)) < kept - 2_000_000);
      assert.equal(await problems(store), []);
    }));
});

suite('system check', (test) => {
  test('a sound store is sound, and its status says so', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await build(store, 'app', BIG);
      const { status, stdout } = await store.tsbuild(['system', 'check']);
      assert.is(status, 0);
      assert.match(stdout, /Checked \d+ blobs, 2 layers, 2 snapshots and \d+ cached steps: all is well/);
    }));

  test('a flipped byte in a blob: the images that need it are named, a repair removes them and nothing else', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await build(store, 'app', BIG);
      const blob = await lastBlob(store, 'app');
      await overwrite(store, blob, 'printf X | dd of="$0" bs=1 seek=1000 conv=notrunc 2>/dev/null');
      const found = await problems(store);
      assert.ok(
        found.some(({ subject }) => subject === `blob sha256:${blob.slice(-64)}`),
        JSON.stringify(found),
      );
      assert.ok(found.some(({ subject, problem }) => subject === 'image localhost/app:latest' && problem.includes('is damaged')));
      assert.not(found.some(({ subject }) => subject.includes('busybox')));
      assert.ok(existsSync(blob), 'a check changes nothing');
      const repaired = await problems(store, '--repair');
      assert.ok(
        repaired.every((problem) => problem.repaired !== undefined),
        JSON.stringify(repaired),
      );
      assert.equal(await problems(store), []);
      assert.is((await store.ok(['images', '--format', '{{.Name}}', '-n'])).stdout.trim(), 'localhost/busybox');
      // What was removed is made again.
      await build(store, 'app', BIG);
      assert.equal(await problems(store), []);
    }));

  test('a changed file in a snapshot is found, and made again', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await build(store, 'app', 'FROM localhost/busybox\nRUN echo right > /file\n');
      const { stdout } = await store.ok(['unshare', 'sh', '-c', `ls -d ${store.root}/snapshots/*/fs/file`]);
      await overwrite(store, stdout.trim(), 'echo wrong > "$0"');
      const [problem, ...others] = await problems(store);
      assert.equal(others, []);
      assert.match(problem!.subject, /^snapshot [0-9a-f]{64}$/);
      await problems(store, '--repair');
      assert.equal(await problems(store), []);
      await store.ok(['from', '--name', 'c', 'localhost/app']);
      assert.is((await store.ok(['run', 'c', 'cat', '/file'])).stdout, 'right\n');
    }));

  test('torn and foreign files are found and removed; a working container only by --force', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await build(store, 'app', 'FROM localhost/busybox\nRUN echo 1 > /1\n');
      await store.ok(['from', '--name', 'c', 'localhost/busybox']);
      const first = (directory: string): string => join(store.root, directory, readdirSync(join(store.root, directory)).sort()[0]!);
      const definition = first('cache/steps');
      const torn = [join(definition, readdirSync(definition)[0]!), first('layers'), first('cache/sites')];
      for (const path of torn) await overwrite(store, path, 'head -c 10 "$0" > "$0.x"; mv "$0.x" "$0"');
      await store.ok(['unshare', 'sh', '-c', `echo x > ${store.root}/blobs/sha256/short; rm -r ${store.root}/containers/*/work`]);
      const subjects = (found: readonly Problem[]): string[] => found.map(({ subject }) => subject);
      const found = subjects(await problems(store));
      for (const path of [...torn, join(store.root, 'blobs/sha256/short')]) assert.ok(found.includes(path), `${path} in ${found}`);
      assert.ok(found.some((subject) => subject.includes('/containers/')));
      await problems(store, '--repair');
      const [left, ...others] = subjects(await problems(store));
      assert.equal(others, []);
      assert.match(left!, /\/containers\//);
      await problems(store, '--repair', '--force');
      assert.equal(await problems(store), []);
      await build(store, 'app', 'FROM localhost/busybox\nRUN echo 1 > /1\n');
    }));

  test('a snapshot without its files and a container without its directories are found', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await store.ok(['from', '--name', 'c', 'localhost/busybox']);
      const snapshot = join(store.root, 'snapshots', readdirSync(join(store.root, 'snapshots')).find((name) => name !== 'empty')!);
      const container = join(store.root, 'containers', readdirSync(join(store.root, 'containers'))[0]!);
      await store.ok(['unshare', 'rm', '-r', join(snapshot, 'fs'), join(container, 'upper')]);
      const found = async (): Promise<readonly string[]> => (await problems(store)).map(({ subject, problem }) => `${subject}: ${problem}`);
      const ofContainer = `${container}: it has no "upper"`;
      assert.equal([...(await found())].sort(), [ofContainer, `${snapshot}: it has no "fs"`]);
      await problems(store, '--repair');
      assert.equal(await found(), [ofContainer]);
      await problems(store, '--repair', '--force');
      assert.equal(await found(), []);
    }));

  test('a layer record that lies is forgotten', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await build(store, 'app', 'FROM localhost/busybox\nRUN echo 1 > /1\n');
      const files = readdirSync(join(store.root, 'layers')).map((name) => join(store.root, 'layers', name));
      const [a, b] = files.map((path) => JSON.parse(readFileSync(path, 'utf8')) as { diffId: string; blobs: unknown[] });
      const lie = JSON.stringify({ ...a, blobs: b!.blobs });
      await store.ok(['unshare', 'sh', '-c', 'printf %s "$1" > "$0.x"; mv "$0.x" "$0"', files[0]!, lie]);
      const [problem] = await problems(store);
      assert.is(problem!.subject, `layer ${a!.diffId}`);
      assert.match(problem!.problem, /holds the layer sha256:/);
      await problems(store, '--repair');
      assert.equal(await problems(store), []);
    }));

  test('--force alone is refused', () =>
    withTestStore(async (store) => {
      const { status, stderr } = await store.tsbuild(['system', 'check', '--force']);
      assert.is(status, 125);
      assert.match(stderr, /--repair/);
    }));
});
