import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { lastLayerListing } from '../support/image-layers.js';
import { skip, suite } from '../support/suite.js';
import { addBusybox, idModeOf, type Run, type RunOptions, run, type TestStore, withTestStore } from '../support/tsbuild.js';

interface Build {
  readonly containerfile: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly options?: RunOptions;
}

/** Builds `FROM busybox` and the given lines, as image `app`, in a context of its own. */
function build(store: TestStore, { containerfile, files = {}, args = [], options = {} }: Build): Promise<Run> {
  const context = join(store.directory, 'context');
  mkdirSync(context, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(context, name, '..'), { recursive: true });
    writeFileSync(join(context, name), content);
  }
  writeFileSync(
    join(store.directory, 'Containerfile'),
    containerfile.startsWith('FROM') ? containerfile : `FROM busybox\n${containerfile}`,
  );
  return store.tsbuild(['bud', '-t', 'app', '--format', 'docker', ...args, '-f', join(store.directory, 'Containerfile'), context], options);
}

function ok(result: Run): Run {
  assert.is(result.status, 0, `${result.stdout}\n${result.stderr}`);
  return result;
}

function withBusybox(body: (store: TestStore) => Promise<void>): () => Promise<void> {
  return () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await body(store);
    });
}

suite('RUN --mount', (test) => {
  test(
    'bind: reads the context and a stage; writes with rw are thrown away',
    withBusybox(async (store) => {
      const containerfile = `FROM busybox AS other
RUN mkdir /data && echo of-stage >/data/file
FROM busybox
RUN --mount=target=/ctx cat /ctx/a && ! touch /ctx/new
RUN --mount=target=/ctx,rw echo changed >/ctx/a && cat /ctx/a && rm /ctx/sub/b && echo 1 >/ctx/new
RUN --mount=target=/f,source=sub/b,rw echo changed >/f && cat /f
RUN --mount=from=other,source=/data,target=/d,rw cat /d/file && rm /d/file && echo 2 >/d/new
RUN --mount=from=other,source=/data,target=/d ls /d && ! touch /d/x
RUN ! ls /ctx && ! ls /d && ! ls /f
`;
      const { stdout } = ok(await build(store, { containerfile, files: { a: 'original\n', 'sub/b': 'b\n' } }));
      assert.match(stdout, /original[\s\S]*changed[\s\S]*changed[\s\S]*of-stage[\s\S]*file/);
      const context = join(store.directory, 'context');
      assert.is(readFileSync(join(context, 'a'), 'utf8'), 'original\n');
      assert.is(readFileSync(join(context, 'sub/b'), 'utf8'), 'b\n');
      assert.equal(readdirSync(context).sort(), ['a', 'sub']);
    }),
  );

  test(
    'bind: what the ignore file leaves out of the context is not there',
    withBusybox(async (store) => {
      const files = {
        '.dockerignore': 'private\n**/*.key\ndir/*\n!dir/kept\n',
        a: '1',
        private: '2',
        'sub/x.key': '3',
        'sub/y': '4',
        'dir/kept': '5',
        'dir/no': '6',
      };
      const containerfile = `RUN --mount=target=/c test "$(cd /c && find . -type f | sort | tr '\\n' ' ')" = "./.dockerignore ./a ./dir/kept ./sub/y "
RUN --mount=target=/c,rw ! cat /c/private && echo x >/c/private && ls /c/sub && rm -r /c/sub
RUN --mount=source=sub,target=/c test "$(ls /c)" = y
`;
      ok(await build(store, { containerfile, files }));
      const context = join(store.directory, 'context');
      assert.is(readFileSync(join(context, 'private'), 'utf8'), '2');
      writeFileSync(join(context, 'private'), 'changed');
      assert.is(ok(await build(store, { containerfile, files: {} })).stdout.match(/Using cache/g)?.length, 3);
    }),
  );

  test(
    'mount points that were missing leave nothing in the layer, and their parent its time',
    withBusybox(async (store) => {
      ok(await build(store, { containerfile: 'RUN mkdir -p /opt/there && touch -d "2001-02-03 04:05:06" /opt/there\n' }));
      await store.ok(['tag', 'app', 'before']);
      writeFileSync(join(store.directory, 's'), 'x');
      const containerfile = `FROM before
RUN --mount=type=tmpfs,target=/opt/there/a/b --mount=type=cache,target=/opt/there/c --mount=type=secret,id=s,target=/opt/there/s \\
    --mount=target=/opt/there/ctx stat -c %y /opt/there | grep ^2001-02-03 && touch /result
`;
      ok(await build(store, { containerfile, args: ['--secret', `id=s,src=${join(store.directory, 's')}`] }));
      const names = (await lastLayerListing(store, 'app')).map((line) => line.split(' ').at(-1));
      assert.equal(names.filter((name) => name !== './').sort(), ['result']);
    }),
  );

  test(
    'a source that is missing is shown at its line',
    withBusybox(async (store) => {
      const { status, stderr } = await build(store, { containerfile: 'RUN --mount=target=/x,source=nowhere true\n' });
      assert.is.not(status, 0);
      assert.match(stderr, /Containerfile:2/);
      assert.match(stderr, /nowhere/);
    }),
  );

  test(
    'cache: lasts between builds, has its mode and owner, and is of an id of its own',
    withBusybox(async (store) => {
      const one = 'RUN --mount=type=cache,id=c,target=/c,mode=0700 echo kept >/c/file && stat -c %a /c\n';
      assert.match(ok(await build(store, { containerfile: one })).stdout, /^700$/m);
      const two = 'RUN --mount=type=cache,id=c,target=/elsewhere cat /elsewhere/file && touch /ok\nRUN ! ls /c\n';
      assert.match(ok(await build(store, { containerfile: two })).stdout, /^kept$/m);
      const three = 'RUN --mount=type=cache,id=d,target=/c ! ls /c/file && stat -c %a /c\n';
      assert.match(ok(await build(store, { containerfile: three })).stdout, /^755$/m);
      const four = 'RUN --mount=type=cache,id=c,target=/c,ro cat /c/file && ! touch /c/x\n';
      ok(await build(store, { containerfile: four }));
      const five = 'RUN --mount=type=cache,id=c,target=/c,uid=1000,gid=1001 stat -c %u:%g /c && ! ls /c/file\n';
      assert.match(ok(await build(store, { containerfile: five })).stdout, /^1000:1001$/m);
    }),
  );

  test(
    'cache: begins with what from= names, and a source alone is a directory in it',
    withBusybox(async (store) => {
      const containerfile = `FROM busybox AS seed
RUN mkdir -p /s/t && echo grown >/s/t/file && ln -s t /s/link
FROM busybox
RUN --mount=type=cache,target=/c,from=seed,source=/s cat /c/link/file && echo more >>/c/t/file
RUN --mount=type=cache,target=/c,from=seed,source=/s cat /c/t/file
RUN --mount=type=cache,id=x,target=/c,source=in/side echo 1 >/c/one
RUN --mount=type=cache,id=x,target=/c cat /c/in/side/one
`;
      assert.match(ok(await build(store, { containerfile })).stdout, /grown[\s\S]*grown\nmore/);
    }),
  );

  test(
    'cache: locked ones take turns, private ones do not meet, shared ones do',
    withBusybox(async (store) => {
      // Each stage says when it is in; the other is in at the same time or never.
      const stages = (sharing: string, command: string): string =>
        `FROM busybox AS one\nRUN --mount=type=cache,id=c,target=/c,sharing=${sharing} ${command}\nFROM busybox AS two\nENV TWO=1\n` +
        `RUN --mount=type=cache,id=c,target=/c,sharing=${sharing} ${command}\nFROM busybox\nCOPY --from=one /result /one\nCOPY --from=two /result /two\nRUN cat /one /two\n`;
      const alone = 'test ! -e /c/in && touch /c/in && sleep 0.3 && rm /c/in && echo alone >/result';
      for (const sharing of ['locked', 'private']) {
        const { stdout } = ok(await build(store, { containerfile: stages(sharing, alone), args: ['--no-cache', '--jobs', '0'] }));
        assert.match(stdout, /^alone\nalone$/m);
      }
      const together =
        'touch /c/$$-$TWO; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ $(ls /c | wc -l) -ge 2 ] && break; sleep 0.1; done; ls /c | wc -l >/result';
      const { stdout } = ok(await build(store, { containerfile: stages('shared', together), args: ['--no-cache', '--jobs', '0'] }));
      assert.match(stdout, /^2\n2$/m);
    }),
  );

  test(
    'cache: another build that has it is waited for, and named',
    withBusybox(async (store) => {
      const lines = 'RUN --mount=type=cache,id=c,target=/c,sharing=locked echo in-$WHO && sleep 1\n';
      const first = build(store, { containerfile: `ENV WHO=first\n${lines}` });
      await waitFor(() => readdirSync(join(store.root, 'cache')).includes('mounts') && heldSlots(store).length > 0);
      await new Promise((resolve) => setTimeout(resolve, 200));
      const second = ok(await build(store, { containerfile: `ENV WHO=second\n${lines}` }));
      ok(await first);
      assert.match(second.stderr, /waiting for the cache mount "c", which process \d+ uses/);
    }),
  );

  test(
    'tmpfs: of its size, and gone afterwards',
    withBusybox(async (store) => {
      const containerfile = 'RUN --mount=type=tmpfs,target=/t,size=1m df -k /t | grep -w 1024 && touch /t/x\nRUN ! ls /t\n';
      ok(await build(store, { containerfile }));
    }),
  );
});

suite('RUN --mount=type=secret', (test) => {
  const SECRET = 'correct-horse-battery-staple';

  test(
    'is a file in memory with its mode and owner, or a variable, and in nothing that is kept',
    withBusybox(async (store) => {
      const file = join(store.directory, 'secret-file');
      writeFileSync(file, SECRET);
      const containerfile = `
RUN --mount=type=secret,id=one test "$(cat /run/secrets/one)" = "$(echo correct-horse-battery-stapl)e" && stat -c '%a %u:%g' /run/secrets/one && grep ' /run/secrets/one tmpfs' /proc/mounts >/dev/null
RUN --mount=type=secret,id=one,target=/deep/er,mode=0440,uid=7,gid=8 stat -c '%a %u:%g' /deep/er && ! (echo x >/deep/er)
RUN --mount=type=secret,id=two,env=TOKEN test \${#TOKEN} = ${SECRET.length} && test ! -e /run/secrets/two && touch /made
RUN --mount=type=secret,id=optional test ! -e /run/secrets/optional
RUN test -z "$TOKEN" && ! ls /run/secrets && ! ls /deep
`;
      const args = ['--secret', `id=one,src=${file}`, '--secret', 'id=two,env=MY_TOKEN'];
      const { stdout, stderr } = ok(await build(store, { containerfile, args, options: { env: { MY_TOKEN: SECRET } } }));
      assert.match(stdout, /^400 0:0$/m);
      assert.match(stdout, /^440 7:8$/m);
      assert.not.match(stdout + stderr, new RegExp(SECRET));
      // Also compressed: every layer of the image unpacks without it.
      await store.ok(['unshare', 'sh', '-c', '! grep -r "$1" "$2"', 'sh', SECRET, store.root]);
      const listing = await lastLayerListing(store, 'app');
      assert.not.match(listing.join('\n'), /secrets|deep/);

      writeFileSync(file, 'another');
      const again = ok(await build(store, { containerfile, args, options: { env: { MY_TOKEN: 'another one' } } }));
      assert.is(again.stdout.match(/Using cache/g)?.length, 5, 'a secret is in no key');
    }),
  );

  test(
    'that is required and missing is shown at its line',
    withBusybox(async (store) => {
      const { status, stderr } = await build(store, { containerfile: 'RUN true\nRUN --mount=type=secret,id=x,required true\n' });
      assert.is.not(status, 0);
      assert.match(stderr, /secret required but no secret with id "x" found/);
      assert.match(stderr, /Containerfile:3/);
    }),
  );

  const refused: readonly (readonly [flag: string, RegExp])[] = [
    ['src=x', /incorrect secret flag format/],
    ['id=', /incorrect secret flag format/],
    ['id=x,what=y', /incorrect secret flag format/],
    ['id=x,src=/nowhere', /secret "x": the file "\/nowhere" does not exist/],
    ['id=x,env=NOT_SET_HERE', /secret "x": the variable NOT_SET_HERE is not set/],
    ['id=x,type=other', /incorrect secret flag format/],
  ];
  test('flags that make no sense are refused before anything is built', () =>
    withTestStore(async (store) => {
      for (const [flag, message] of refused) {
        const { status, stderr } = await build(store, { containerfile: 'RUN true\n', args: ['--secret', flag] });
        assert.is(status, 125, flag);
        assert.match(stderr, message);
      }
      const large = join(store.directory, 'large');
      writeFileSync(large, Buffer.alloc(500 * 1024 + 1));
      const { stderr } = await build(store, { containerfile: 'RUN true\n', args: ['--secret', `id=x,src=${large}`] });
      assert.match(stderr, /secret "x" is larger than 500 KiB/);
    }));
});

suite('RUN --security=insecure', (test) => {
  const containerfile = `RUN --security=insecure grep Seccomp: /proc/self/status && mkdir /m && mount -t tmpfs none /m && ! grep ' /proc/' /proc/self/mountinfo
RUN ! mount -t tmpfs none /m
`;
  test(
    'needs --allow security.insecure, before anything runs',
    withBusybox(async (store) => {
      const refused = await build(store, { containerfile: `RUN echo ran\n${containerfile}` });
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /Containerfile:3:1: .*RUN --security=insecure is not allowed: security.insecure/);
      assert.not.match(refused.stdout, /^ran$/m);
      if ((await idModeOf(store)) === 'single') skip('with one id the filter of ids stays, and mounts of /proc are not counted here');
      const { stdout } = ok(await build(store, { containerfile, args: ['--allow', 'network.host,security.insecure'] }));
      assert.match(stdout, /Seccomp:\s*0/);
    }),
  );
});

suite('what a build gives to its commands', (test) => {
  test(
    'mount options: U on every type, and --mount from= of an image',
    withBusybox(async (store) => {
      const mode = await idModeOf(store);
      if (mode === 'single') skip('there is one id only, so nothing can be given away');
      const containerfile = `RUN echo 'me:x:7:7::/:/bin/sh' >> /etc/passwd
USER me
RUN --mount=target=/c,U stat -c %u:%g /c /c/a && ! touch /c/new
RUN --mount=target=/c,U,rw touch /c/new && echo x > /c/a
RUN --mount=type=cache,target=/c,U touch /c/new
RUN --mount=type=tmpfs,target=/t,U stat -c %u:%g /t
RUN ls /image && ! touch /image/new
`;
      const args = ['--mount', 'type=bind,from=localhost/busybox,source=/bin,target=/image'];
      const { stdout } = ok(await build(store, { containerfile, files: { a: 'original' }, args }));
      assert.is(stdout.match(/^7:7$/gm)?.length, 3);
      assert.match(stdout, /^busybox$/m);
      const file = join(store.directory, 'context/a');
      assert.equal([readFileSync(file, 'utf8'), statSync(file).uid], ['original', process.getuid?.()]);
      const missing = await build(store, { containerfile, args: ['--mount', 'type=bind,from=localhost:1/nothing,target=/image'] });
      assert.is(missing.status, 125);
    }),
  );

  test(
    '--volume: slave and shared follow the machine, which never follows them',
    withBusybox(async (store) => {
      if (process.getuid?.() !== 0) skip('only root can make a shared mount to look at');
      const shared = join(store.directory, 'shared');
      mkdirSync(shared);
      // The shell stays: a mount namespace, and with it the other side, ends with its last process.
      const script = 'mount --bind "$0" "$0" && mount --make-shared "$0" && { "$@"; exit; }';
      for (const [option, expected] of [
        ['rslave', / master:\d+ /],
        ['shared', / shared:\d+ /],
        ['rprivate', /^\d+ \d+ \S+ \S+ \/v \S+ - /m],
      ] as const) {
        const context = join(store.directory, `context-${option}`);
        mkdirSync(context);
        writeFileSync(join(context, 'Containerfile'), 'FROM busybox\nRUN grep " /v " /proc/self/mountinfo\n');
        const argv = store.argv(['bud', '--no-cache', '-v', `${shared}:/v:${option}`, context]);
        const { stdout } = ok(await run(['unshare', '-m', 'sh', '-c', script, shared, ...argv]));
        assert.match(stdout.split('\n').find((line) => line.includes(' /v rw'))!, expected, `${option}: ${stdout}`);
      }
    }),
  );

  test(
    '--volume: rw, ro, O and U',
    withBusybox(async (store) => {
      const shared = join(store.directory, 'shared');
      mkdirSync(shared);
      chmodSync(shared, 0o777);
      writeFileSync(join(shared, 'file'), 'host');
      const volume = (options: string): string[] => ['--no-cache', '-v', `${shared}:/v${options}`];
      ok(await build(store, { containerfile: 'RUN cat /v/file && echo 1 >/v/written\n', args: volume('') }));
      assert.is(readFileSync(join(shared, 'written'), 'utf8'), '1\n');
      ok(await build(store, { containerfile: 'RUN cat /v/file && ! touch /v/x\n', args: volume(':ro,z') }));
      ok(await build(store, { containerfile: 'RUN rm /v/file && echo 1 >/v/thrown && ls /v\n', args: volume(':O') }));
      assert.equal(readdirSync(shared).sort(), ['file', 'written']);
      if ((await idModeOf(store)) === 'single') return;
      ok(await build(store, { containerfile: 'USER 12:34\nRUN stat -c %u:%g /v/file | grep -x 12:34\n', args: volume(':U') }));
      await store.ok(['unshare', 'chown', '-R', '0:0', shared]);
    }),
  );

  test(
    '--mount, --device, --shm-size, --ulimit and --http-proxy',
    withBusybox(async (store) => {
      const shared = join(store.directory, 'shared');
      mkdirSync(shared);
      writeFileSync(join(shared, 'file'), 'host');
      const containerfile = `
RUN cat /m/file && ! touch /m/x && touch /t/x && df -k /dev/shm | grep -w 2048
RUN ulimit -n | grep -x 77 && ulimit -Hn | grep -x 99 && test -c /dev/mynull && echo x >/dev/mynull
RUN test -z "$http_proxy"
`;
      const args = [
        ...['--mount', `type=bind,src=${shared},target=/m`, '--mount', 'type=tmpfs,target=/t', '--device', '/dev/null:/dev/mynull'],
        ...['--shm-size', '2m', '--ulimit', 'nofile=77:99', '--http-proxy=false'],
      ];
      ok(await build(store, { containerfile, args, options: { env: { http_proxy: 'http://127.0.0.1:1' } } }));
      const passed = 'RUN test "$http_proxy" = http://127.0.0.1:1\n';
      ok(await build(store, { containerfile: passed, options: { env: { http_proxy: 'http://127.0.0.1:1' } } }));
    }),
  );

  test(
    'RUN --device gives what --allow permits, and says at its line what it does not',
    withBusybox(async (store) => {
      const containerfile = 'RUN --device=/dev/null:/dev/mine,required --device=/dev/nowhere test -c /dev/mine && ! test -e /dev/nowhere\n';
      const { stderr } = ok(await build(store, { containerfile, args: ['--allow', 'device'] }));
      assert.match(stderr, /RUN --device=\/dev\/nowhere: .* does not exist; the command runs without it/);
      const denied = await build(store, { containerfile });
      assert.is(denied.status, 125);
      assert.match(denied.stderr, /Containerfile:2:1: .*RUN --device=\/dev\/null:\/dev\/mine is not allowed: device/);
    }),
  );

  const refused: readonly (readonly [args: readonly string[], RegExp])[] = [
    [['-v', '/nowhere:/v'], /invalid volume "\/nowhere:\/v": \/nowhere does not exist/],
    [['-v', '/tmp:v'], /invalid volume/],
    [['-v', '/tmp:/v:upperdir=x'], /unknown option "upperdir=x"/],
    [['-v', '/tmp:/v:ro,O'], /exclude each other/],
    [['--mount', 'type=bind,src=/tmp,target=v'], /its target is no absolute path/],
    [['--mount', 'type=bind,target=/v'], /it has no source/],
    [['--mount', 'type=bin,target=/v'], /unsupported mount type "bin"/],
    [['--mount', 'type=bind,scr=/tmp,target=/v'], /unexpected key 'scr'/],
    [['--device', 'vendor.com/class=all'], /unresolvable CDI device/],
    [['--device', '/etc/passwd'], /is no device/],
    [['--ulimit', 'nofile'], /expected NAME=SOFT/],
    [['--ulimit', 'files=1'], /unknown limit "files"/],
    [['--ulimit', 'nofile=2:1'], /above the hard one/],
    [['--shm-size', 'big'], /invalid shm-size/],
    [['--ssh', '=x'], /incorrect ssh flag format/],
    [['--ssh', 'k=/nowhere'], /ssh "k": "\/nowhere" does not exist/],
    [['--ssh', 'default'], /make sure SSH_AUTH_SOCK is set/],
  ];
  test('flags that make no sense are refused before anything is built', () =>
    withTestStore(async (store) => {
      for (const [args, message] of refused) {
        const { status, stderr } = await build(store, { containerfile: 'RUN true\n', args, options: { env: { SSH_AUTH_SOCK: '' } } });
        assert.is(status, 125, args.join(' '));
        assert.match(stderr, message);
      }
      assert.not.ok(
        existsSync(store.root) && readdirSync(store.root).includes('snapshots') && readdirSync(join(store.root, 'snapshots')).length > 0,
      );
    }));

  test(
    'run: volumes, mounts and secrets for one command',
    withBusybox(async (store) => {
      const container = (await store.ok(['from', 'busybox'])).stdout.trim();
      writeFileSync(join(store.directory, 's'), 'hush');
      const mounts = [
        ...['--mount', 'type=cache,id=c,target=/c', '--mount', 'type=tmpfs,target=/t'],
        ...['--secret', `id=s,src=${join(store.directory, 's')}`, '--mount', 'type=secret,id=s,env=HUSH'],
        ...['-v', `${store.directory}:/v:O`],
      ];
      await store.ok(['run', ...mounts, container, '--', 'sh', '-c', 'echo $HUSH >/c/said && touch /t/x /v/thrown']);
      const { stdout } = await store.ok(['run', '--mount', 'type=cache,id=c,target=/c', container, '--', 'cat', '/c/said']);
      assert.is(stdout, 'hush\n');
      assert.not.ok(existsSync(join(store.directory, 'thrown')));
    }),
  );
});

function heldSlots(store: TestStore): string[] {
  return readdirSync(join(store.root, 'cache/mounts')).filter((name) => statSync(join(store.root, 'cache/mounts', name)).isDirectory());
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it did not happen within five seconds');
}
