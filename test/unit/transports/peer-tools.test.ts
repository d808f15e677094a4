import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Store } from '../../../src/store/index.js';
import { problemsOf } from '../../support/store-problems.js';
import { skip, suite } from '../../support/suite.js';
import { putSampleImage, type SampleImage } from '../store/sample-image.js';
import { withStore } from '../store/with-store.js';
import { copy } from './transport-support.js';

/** Run a tool that is not ours; its absence skips the test, its failure fails it. */
function run(...command: readonly string[]): string {
  const [program = '', ...argv] = command;
  const { status, error, stdout, stderr } = spawnSync(program, argv, { encoding: 'utf8' });
  if (error !== undefined) skip(`${program} is not installed`);
  assert.is(status, 0, `${command.join(' ')}\n${stderr}`);
  return stdout;
}

const skopeo = (...argv: readonly string[]): string => run('skopeo', '--insecure-policy', ...argv);

async function withApp(body: (store: Store, directory: string, image: SampleImage) => Promise<void>): Promise<void> {
  await withStore(async (store, directory) => {
    const image = await putSampleImage(store, ['one', 'two']);
    await store.names.publish(['localhost/app:latest', 'docker.io/library/app:1'], image.descriptor);
    await body(store, directory, image);
  });
}

suite('other tools', (test) => {
  test('skopeo reads the store in place, by each name', () =>
    withApp(async (store, _directory, image) => {
      for (const name of ['localhost/app:latest', 'docker.io/library/app:1']) {
        const found = JSON.parse(skopeo('inspect', `oci:${store.root}:${name}`));
        assert.is(found.Digest, image.descriptor.digest);
        assert.equal(
          found.Layers,
          image.layers.map(({ digest }) => digest),
        );
      }
    }));

  test('skopeo copies out of the store and into it', () =>
    withApp(async (store, directory, image) => {
      skopeo('copy', `oci:${store.root}:localhost/app:latest`, `docker-archive:${join(directory, 'a.tar')}:x/y:z`);
      skopeo('copy', `docker-archive:${join(directory, 'a.tar')}`, `oci:${store.root}:localhost/back:latest`);
      const back = store.names.resolve('back');
      assert.is(store.readImage(back!.descriptor).config.architecture, 'amd64');
      assert.is(store.names.resolve('app')?.descriptor.digest, image.descriptor.digest);
      assert.equal(await problemsOf(store), []);
    }));

  for (const kind of ['oci', 'oci-archive', 'docker-archive', 'dir']) {
    test(`${kind}: skopeo reads what we write`, () =>
      withApp(async (store, directory, image) => {
        const place = `${kind}:${join(directory, 'ours')}${kind === 'dir' ? '' : ':example.com/app:v1'}`;
        await copy(store, 'containers-storage:app', place);
        const config = JSON.parse(skopeo('inspect', '--config', '--raw', place));
        assert.equal(config.rootfs.diff_ids, image.diffIds);
        skopeo('copy', place, `dir:${join(directory, 'theirs')}`);
        assert.ok(existsSync(join(directory, 'theirs', image.imageId)));
      }));

    test(`${kind}: we read what skopeo writes`, () =>
      withApp(async (store, directory, image) => {
        const place = `${kind}:${join(directory, 'theirs')}${kind === 'dir' ? '' : ':example.com/app:v1'}`;
        skopeo('copy', `oci:${store.root}:localhost/app:latest`, place);
        await withStore(async (back) => {
          await copy(back, place, 'containers-storage:back');
          assert.is(back.readImage(back.names.resolve('back')!.descriptor).imageId, image.imageId);
          assert.equal(await problemsOf(back), []);
        });
      }));
  }

  test('docker-archive: the same members as skopeo writes, in the same order', () =>
    withApp(async (store, directory) => {
      const [ours, theirs] = [join(directory, 'ours.tar'), join(directory, 'theirs.tar')];
      await copy(store, 'containers-storage:app', `docker-archive:${ours}:example.com/app:v1`);
      skopeo('copy', `oci:${store.root}:localhost/app:latest`, `docker-archive:${theirs}:example.com/app:v1`);
      const list = (file: string): string[] =>
        run('tar', '-tvf', file)
          .trimEnd()
          .split('\n')
          // The IDs of the legacy layers are arbitrary, and with them the size of their JSON; skopeo's links have no permission bits.
          .map((line) => {
            const [mode, owner, , date, time, name = '', , target] = line.split(/\s+/);
            return [mode?.[0], owner, date, time, name.replace(/^[a-f0-9]{64}\//, 'ID/'), target].join(' ');
          });
      assert.equal(list(ours), list(theirs));
      const manifest = (file: string) => JSON.parse(run('tar', '-xOf', file, 'manifest.json')) as Record<string, unknown>[];
      const pick = ({ Config, RepoTags, Layers }: Record<string, unknown> = {}) => ({ Config, RepoTags, Layers });
      assert.equal(pick(manifest(ours)[0]), pick(manifest(theirs)[0]));
    }));

  test('umoci unpacks what we write', () =>
    withApp(async (store, directory) => {
      const layout = join(directory, 'oci');
      await copy(store, 'containers-storage:app', `oci:${layout}:app`);
      run('umoci', 'unpack', '--rootless', '--image', `${layout}:app`, join(directory, 'bundle'));
      assert.is(readFileSync(join(directory, 'bundle', 'rootfs', 'file'), 'utf8'), 'two');
    }));

  for (const kind of ['oci-archive', 'docker-archive']) {
    test(`podman loads our ${kind}, and we read what it saves`, () =>
      withApp(async (store, directory, image) => {
        if (process.getuid?.() !== 0) skip('podman needs its own set-up for an ordinary user');
        const podman = (...argv: readonly string[]): string =>
          run(
            'podman',
            '--root',
            join(directory, 'podman'),
            '--runroot',
            join(directory, 'podman-run'),
            '--storage-driver',
            'vfs',
            ...argv,
          );
        const file = join(directory, 'ours.tar');
        await copy(store, 'containers-storage:app', `${kind}:${file}:example.com/app:v1`);
        assert.match(podman('load', '-q', '-i', file), /example\.com\/app:v1/);
        const saved = join(directory, 'saved.tar');
        podman('save', '-q', '--format', kind, '-o', saved, 'example.com/app:v1');
        await withStore(async (back) => {
          await copy(back, `${kind}:${saved}`, 'containers-storage:back');
          assert.equal(back.readImage(back.names.resolve('back')!.descriptor).config.rootfs.diff_ids, image.diffIds);
        });
      }));
  }
});
