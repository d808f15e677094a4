import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { addBusybox, idModeOf, run, type TestStore, withTestStore } from '../support/tsbuild.js';
import { Layout } from '../support/validate-layout.js';

interface Inspected {
  readonly FromImage: string;
  readonly ContainerID: string;
  readonly MountPoint: string;
  readonly OCIv1: { readonly config: Record<string, unknown>; readonly history: readonly { created_by: string; empty_layer?: boolean }[] };
  readonly Docker: { readonly config: Record<string, unknown>; readonly comment?: string };
}

async function inspect(store: TestStore, name: string, type = 'container'): Promise<Inspected> {
  return JSON.parse((await store.ok(['inspect', '--type', type, name])).stdout) as Inspected;
}

async function withContainer(body: (store: TestStore, files: string) => Promise<void>): Promise<void> {
  await withTestStore(async (store) => {
    await addBusybox(store);
    const files = join(store.directory, 'files');
    mkdirSync(join(files, 'd/sub'), { recursive: true });
    writeFileSync(join(files, 'f'), 'hello\n');
    writeFileSync(join(files, 'd/a'), 'x\n');
    writeFileSync(join(files, 'd/sub/b'), 'y\n');
    assert.is((await store.ok(['from', '--name', 'c', 'busybox'])).stdout, 'c\n');
    await body(store, files);
  });
}

suite('integration/working-containers', (test) => {
  test('from names containers as Buildah does, and says when a name is taken', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const names = [];
      for (const image of ['busybox', 'localhost/busybox:latest', 'scratch', 'scratch', 'containers-storage:localhost/busybox'])
        names.push((await store.ok(['from', '-q', image])).stdout.trim());
      assert.equal(names, [
        'busybox-working-container',
        'busybox-working-container-1',
        'working-container',
        'working-container-1',
        'busybox-working-container-2',
      ]);
      const taken = await store.tsbuild(['from', '--name', 'working-container', 'scratch']);
      assert.is(taken.status, 125);
      assert.match(taken.stderr, /that name is already in use/);
      const cidFile = join(store.directory, 'cid');
      await store.ok(['from', '--cidfile', cidFile, 'scratch']);
      assert.match(readFileSync(cidFile, 'utf8'), /^[0-9a-f]{64}$/);
      const { stdout } = await store.ok(['containers', '-q']);
      assert.is(stdout.split('\n').length, 7);
    });
  });

  test('what run, copy, add and config do is in the committed image, and the container stays', async () => {
    await withContainer(async (store, files) => {
      await store.ok(['run', 'c', 'sh', '-c', 'echo made > /made; rm /bin/vi 2>/dev/null; true']);
      assert.match((await store.ok(['copy', '--add-history', 'c', 'f', 'd', '/in/'], { cwd: files })).stdout, /^[0-9a-f]{64}\n$/);
      assert.is((await store.ok(['copy', '-q', '--chmod', '600', '--from', 'busybox', 'c', '/etc/passwd', '/pw'])).stdout, '');
      await run(['tar', '-cf', join(files, 'a.tar'), '-C', files, 'd']);
      await store.ok(['add', 'c', join(files, 'a.tar'), '/unpacked']);
      await store.ok(['config', '--env', 'X=$PATH:/x', '--cmd', 'serve', '--label', 'a=b', '--workingdir', '/made-up', 'c']);
      assert.is((await store.ok(['run', 'c', 'pwd'])).stdout, '/made-up\n');
      const { stdout } = await store.ok(['commit', '-q', 'c', 'result']);
      assert.match(stdout, /^[0-9a-f]{64}\n$/);
      const image = await inspect(store, 'result', 'image');
      assert.equal(image.OCIv1.config.Cmd, ['serve']);
      assert.ok((image.OCIv1.config.Env as string[]).includes('X=/bin:/x'));
      const own = image.OCIv1.history.slice(-2);
      assert.match(own[0]!.created_by, /^\/bin\/sh -c #\(nop\) COPY multi:[0-9a-f]{64}$/);
      assert.is(own[0]!.empty_layer, true);
      assert.is(own[1]!.created_by, '/bin/sh');
      assert.equal(await new Layout(store.root).problems(), []);
      await store.ok(['from', '--name', 'again', 'result']);
      const shown = await store.ok(['run', 'again', 'sh', '-c', 'cat /made /in/f /in/a /in/sub/b /unpacked/d/sub/b; stat -c %a /pw']);
      assert.is(shown.stdout, 'made\nhello\nx\ny\ny\n600\n');
      assert.is((await store.ok(['run', 'c', 'cat', '/made'])).stdout, 'made\n');
    });
  });

  test('the status of run is that of the command, 126 and 127 where there is none', async () => {
    await withContainer(async (store) => {
      for (const [argv, status] of [
        [['sh', '-c', 'exit 42'], 42],
        [['nosuchcommand'], 127],
        [['/etc'], 126],
        [['sh', '-c', 'kill -9 $$'], 137],
      ] as const)
        assert.is((await store.tsbuild(['run', 'c', ...argv])).status, status, argv.join(' '));
      assert.is((await store.tsbuild(['run', '--valid-exit-codes', '41,42', 'c', 'sh', '-c', 'exit 42'])).status, 0);
      const unknown = await store.tsbuild(['run', '--user', 'nosuch', 'c', 'true']);
      assert.is(unknown.status, 125);
      assert.match(unknown.stderr, /unknown user/);
      assert.is((await store.ok(['run', '--hostname', 'hhh', 'c', 'hostname'])).stdout, 'hhh\n');
      const env = await store.ok(['run', '--env', 'TSTEST_*', '--env', 'B=c', 'c', 'env'], { env: { TSTEST_A: '1' } });
      assert.match(env.stdout, /^TSTEST_A=1$/m);
      assert.match(env.stdout, /^B=c$/m);
      assert.is((await store.ok(['run', 'c', '--', 'echo', '--user'])).stdout, '--user\n');
    });
  });

  test('everything that cannot be meant has status 125 and says why', async () => {
    await withContainer(async (store) => {
      for (const [argv, pattern] of [
        [['run'], /container ID must be specified/],
        [['run', 'nosuch', 'true'], /reading build container "nosuch": container not known/],
        [['run', '--isolation', 'foo', 'c', 'true'], /unrecognized isolation type "foo"/],
        [
          ['run', '--network', 'none', '--isolation', 'chroot', 'c', 'true'],
          /cannot set --network other than host with --isolation chroot/,
        ],
        [['run', '--pid', 'host', 'c', 'true'], /not supported by tsbuild: --pid/],
        [['copy', 'c'], /src must be specified/],
        [['copy', 'c', '/nosuch/file', '/'], /no such file or directory/],
        [['copy', '--chmod', 'zz', 'c', '/etc/passwd', '/'], /parsing chmod "zz"/],
        [
          ['copy', '--ignorefile', 'x', 'c', '/etc/passwd', '/'],
          /--ignorefile option requires that you specify a context dir using --contextdir/,
        ],
        [['copy', 'c', '--quiet', '/etc/passwd'], /no options \(--quiet\) can be specified after the image or container name/],
        [['commit'], /container ID must be specified/],
        [['commit', '--format', 'foo', 'c'], /unrecognized image type "foo"/],
        [['commit', '--sign-by', 'me', 'c'], /not supported by tsbuild: --sign-by/],
        [['commit', '--change', 'RUN true', 'c'], /--change RUN/],
        [['config', 'c', 'd'], /too many arguments specified/],
        [['rename', 'c', 'c'], /renaming a container with the same name as its current name/],
        [['rm', 'nosuch'], /removing container "nosuch": container not known/],
        [['rm', '-a', 'c'], /when using the --all switch/],
        [['umount'], /at least one container ID must be specified/],
        [['containers', 'c'], /does not accept arguments/],
        [['containers', '--filter', 'foo=x'], /invalid filter "foo"/],
        [['inspect', '--type', 'container', 'busybox'], /container not known/],
        [['from', '--group-add', 'wheel', 'busybox'], /not supported by tsbuild: --group-add/],
      ] as const) {
        const { status, stderr } = await store.tsbuild(argv);
        assert.is(status, 125, `${argv.join(' ')}\n${stderr}`);
        assert.match(stderr, pattern);
      }
    });
  });

  test('commit: formats, squash, times, changes, added files, indexes and places', async () => {
    await withContainer(async (store, files) => {
      const layout = new Layout(store.root);
      await store.ok(['run', 'c', 'touch', '/t']);
      await store.ok(['config', '--comment', 'cmt', '--hostname', 'hh', 'c']);
      const iidFile = join(store.directory, 'iid');
      assert.is((await store.ok(['commit', '-q', '--iidfile', iidFile, '--squash', 'c', 'squashed'])).stdout, '');
      assert.is(readFileSync(iidFile, 'utf8'), `sha256:${layout.image('localhost/squashed:latest').id}`);
      assert.is(layout.image('localhost/squashed:latest').manifest.layers.length, 1);
      await store.ok(['commit', '-q', '--format', 'docker', 'c', 'docker']);
      const docker = await inspect(store, 'docker', 'image');
      assert.is(docker.Docker.comment, 'cmt');
      assert.is(docker.Docker.config.Hostname, 'hh');
      const ids = [];
      for (const name of ['t1', 't2']) ids.push((await store.ok(['commit', '-q', '--timestamp', '0', 'c', name])).stdout);
      assert.is(ids[0], ids[1]);
      writeFileSync(join(files, 'config.json'), '{"Env":["J=1"],"Labels":{"j":"k"}}');
      await store.ok([
        ...['commit', '-q', '--change', 'CMD ["a"]', '--change', 'LABEL l=m', '--config', join(files, 'config.json'), '--omit-history'],
        ...['--add-file', `${join(files, 'f')}:/added/f`, '--annotation', 'x=y', '--manifest', 'list', 'c', 'changed'],
      ]);
      const changed = layout.image('localhost/changed:latest');
      assert.equal(changed.config.config?.Cmd, ['a']);
      assert.is(changed.config.config?.Labels?.l, 'm');
      assert.is(changed.config.config?.Labels?.j, 'k');
      assert.ok(changed.config.config?.Env?.includes('J=1'));
      assert.is(changed.config.history, undefined);
      assert.is(changed.manifest.annotations?.x, 'y');
      assert.is(changed.manifest.layers.length, 3);
      assert.is(layout.read(changed, 'added/f').toString(), 'hello\n');
      assert.is((await store.tsbuild(['run', 'c', 'test', '-e', '/added'])).status, 1);
      const list = JSON.parse((await store.ok(['inspect', '--type', 'manifest', 'list'])).stdout) as { manifests: readonly unknown[] };
      assert.is(list.manifests.length, 1);
      const place = join(store.directory, 'layout');
      assert.is((await store.ok(['commit', '-q', '--rm', 'c', `oci:${place}:tag`])).stdout, '');
      assert.is(new Layout(place).image('tag').manifest.layers.length, 2);
      assert.match((await store.tsbuild(['run', 'c', 'true'])).stderr, /container not known/);
    });
  });

  test('a mount shows the container until it is taken away; rm takes it away too', async () => {
    await withContainer(async (store) => {
      if ((await idModeOf(store)) !== 'root') {
        const refused = await store.tsbuild(['mount', 'c']);
        assert.is(refused.status, 125);
        assert.match(
          refused.stderr,
          /cannot mount using driver overlay in rootless mode\. You need to run it in a `tsbuild unshare` session/,
        );
        const inside = await store.ok(['unshare', '--mount', 'ROOT=c', 'sh', '-c', 'echo inside > $ROOT/inside']);
        assert.is(inside.stdout, '');
        assert.is((await store.ok(['run', 'c', 'cat', '/inside'])).stdout, 'inside\n');
        return;
      }
      const path = (await store.ok(['mount', 'c'])).stdout.trim();
      writeFileSync(join(path, 'outside'), 'outside\n');
      assert.is((await store.ok(['mount', 'c'])).stdout.trim(), path);
      assert.is((await store.ok(['mount'])).stdout, `c ${path}\n`);
      assert.is((await inspect(store, 'c')).MountPoint, path);
      assert.is((await store.ok(['run', 'c', 'sh', '-c', 'cat /outside; echo inside > /inside'])).stdout, 'outside\n');
      assert.is(readFileSync(join(path, 'inside'), 'utf8'), 'inside\n');
      await store.ok(['copy', 'c', join(path, 'inside'), '/copied']);
      assert.is(readFileSync(join(path, 'copied'), 'utf8'), 'inside\n');
      const { ContainerID } = await inspect(store, 'c');
      assert.is((await store.ok(['umount', 'c'])).stdout, `${ContainerID}\n`);
      assert.is((await store.ok(['umount', 'c'])).stdout, '');
      assert.is((await store.ok(['run', 'c', 'cat', '/copied'])).stdout, 'inside\n');
      await store.ok(['mount', 'c']);
      await store.ok(['rm', 'c']);
      assert.is(existsSync(path), false);
    });
  });

  test('a run that is killed leaves a container that works', async () => {
    await withContainer(async (store) => {
      const abort = new AbortController();
      const killed = run(store.argv(['run', 'c', 'sh', '-c', 'echo before > /before; sync; sleep 60']), { signal: abort.signal });
      const { ContainerID } = await inspect(store, 'c');
      const upper = join(store.root, 'containers', ContainerID, 'upper/before');
      while (lstatSync(upper, { throwIfNoEntry: false }) === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      abort.abort();
      assert.is((await killed).signal, 'SIGKILL');
      assert.is((await store.ok(['run', 'c', 'cat', '/before'])).stdout, 'before\n');
      await store.ok(['commit', '-q', 'c', 'after']);
    });
  });

  test('commands on one container come one after the other', async () => {
    await withContainer(async (store) => {
      const increment = 'n=$(cat /n 2>/dev/null || echo 0); sleep 0.05; echo $((n + 1)) > /n';
      await Promise.all([1, 2, 3, 4].map(() => store.ok(['run', 'c', 'sh', '-c', increment])));
      await Promise.all(['A=1', 'B=2', 'C=3'].map((variable) => store.ok(['config', '--env', variable, 'c'])));
      assert.is((await store.ok(['run', 'c', 'cat', '/n'])).stdout, '4\n');
      assert.is(((await inspect(store, 'c')).OCIv1.config.Env as string[]).length, 4);
    });
  });

  test('containers lists them in columns, as JSON and by templates', async () => {
    await withContainer(async (store) => {
      await store.ok(['from', '--name', 'empty', 'scratch']);
      const { stdout } = await store.ok(['containers']);
      const [heading = '', first = '', second = ''] = stdout.split('\n');
      assert.is(heading, 'CONTAINER ID  BUILDER  IMAGE ID     IMAGE NAME                       CONTAINER NAME');
      assert.match(first, /^[0-9a-f]{12} {5}\* {5}[0-9a-f]{12} localhost\/busybox:latest {9}c$/);
      assert.match(second, /^[0-9a-f]{12} {5}\* {18}scratch {26}empty$/);
      const json = JSON.parse((await store.ok(['containers', '--json', '--filter', 'ancestor=busybox'])).stdout) as Record<
        string,
        unknown
      >[];
      assert.equal(
        json.map((row) => [Object.keys(row), row.containername]),
        [[['id', 'builder', 'imageid', 'imagename', 'containername'], 'c']],
      );
      assert.is(
        (await store.ok(['ps', '--format', '{{.ContainerName}} {{.ImageName}}'])).stdout,
        'c       localhost/busybox:latest\nempty   scratch\n',
      );
    });
  });

  test('what a container was made with goes for its commands', async () => {
    await withContainer(async (store, files) => {
      if (process.getuid?.() !== 0 && !existsSync('/proc/self/ns/user')) skip('there are no user namespaces');
      await store.ok(['from', '--name', 'v', '--volume', `${files}:/vol:ro`, '--add-host', 'h:192.0.2.9', '--network', 'none', 'busybox']);
      const { stdout } = await store.ok(['run', 'v', 'sh', '-c', 'cat /vol/f; grep 192.0.2.9 /etc/hosts; ls /sys/class/net']);
      assert.is(stdout, 'hello\n192.0.2.9\th\nlo\n');
      const bound = await store.ok(['run', '--contextdir', files, '--mount', 'type=bind,src=d,target=/m', 'c', 'cat', '/m/a']);
      assert.is(bound.stdout, 'x\n');
    });
  });
});
