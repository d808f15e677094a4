import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { withTempDir } from '../support/temp-dir.js';
import { project, run, type TestStore, withTestStore } from '../support/tsbuild.js';

/** A context of this Containerfile and one file, `hello.txt`. */
function makeContext(store: TestStore, containerfile: string): string {
  const directory = join(store.directory, 'context');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'Containerfile'), containerfile);
  writeFileSync(join(directory, 'hello.txt'), 'hello\n');
  return directory;
}

const TWO_STAGES = `FROM scratch AS one
COPY hello.txt /
LABEL a=b
FROM scratch
COPY --from=one /hello.txt /copy.txt
ENV A=b
`;

/** A user without subordinate ids is told so by every build; the rest must be the same for everybody. */
function withoutIdWarning(stderr: string): string {
  return stderr.replace(/^\[Warning\] there is no usable entry for .* in \/etc\/sub[ug]id;.*\n/, '');
}

suite('integration/cli', (test) => {
  test('--version and -v are one line, the version command has more', async () => {
    await withTestStore(async (store) => {
      for (const flag of ['--version', '-v']) {
        const { stdout, stderr } = await store.ok([flag]);
        assert.match(stdout, /^tsbuild version \d+\.\d+\.\d+ \(image-spec 1\.1\.1\)\n$/);
        assert.is(stderr, '');
      }
      assert.match((await store.ok(['version'])).stdout, /^Version: +\d+\.\d+\.\d+\n/);
      assert.type(JSON.parse((await store.ok(['version', '--json'])).stdout).version, 'string');
    });
  });

  test('--help lists the commands, COMMAND --help its flags', async () => {
    await withTestStore(async (store) => {
      for (const argv of [['--help'], [], ['help']]) assert.match((await store.ok(argv)).stdout, /\n {2}build +Build an image/);
      for (const argv of [
        ['bud', '--help'],
        ['help', 'build'],
        ['build', '-h'],
      ]) {
        const { stdout } = await store.ok(argv);
        assert.match(stdout, /Aliases:\n {2}build, bud, build-using-dockerfile/);
        assert.match(stdout, /-t, --tag NAME/);
        assert.match(stdout, /--root path/);
      }
    });
  });

  for (const [argv, pattern] of [
    [['frob'], /^Error: unknown command "frob" for "tsbuild"\n/],
    [['biuld'], /Did you mean "build"\?/],
    [['images', '--nope'], /^Error: unknown flag: --nope\n$/],
    [['images', '--quite'], /^Error: unknown flag: --quite\nDid you mean --quiet\?\n$/],
    [['images', '-Z'], /^Error: unknown shorthand flag: 'Z' in -Z\n$/],
    [['images', 'a', 'b'], /^Error: 'tsbuild images' requires at most 1 argument\n$/],
    [['images', 'a', '-q'], /^Error: no options \(-q\) can be specified after the image or container name\n/],
    [['bud', '--tag'], /^Error: flag needs an argument: --tag\n$/],
    [['bud', 'a', 'b'], /^Error: accepts at most 1 arg\(s\), received 2\n$/],
    [['tag', 'x'], /^Error: requires at least 2 arg\(s\), only received 1\n$/],
    [['rmi'], /^Error: image name or ID must be specified\n$/],
    [['inspect', 'nope'], /^Error: .*nope/],
    [['rm', 'nope'], /^Error: .*nope/],
    [['bud', '--pull=sometimes', '.'], /unsupported pull policy "sometimes"/],
    [['bud', '/nonexistent/context'], /\/nonexistent\/context/],
  ] as const) {
    test(`${argv.join(' ')} fails with status 125 and says why`, async () => {
      await withTestStore(async (store) => {
        const { status, stdout, stderr } = await store.tsbuild(argv);
        assert.match(stderr, pattern);
        assert.is(stdout, '');
        assert.is(status, 125);
        assert.not.match(stderr, /\n {4}at /);
      });
    });
  }

  test('global flags are accepted after the command too', async () => {
    await withTestStore(async (store) => {
      const other = join(store.directory, 'other');
      await store.ok(['build', '-q', '--root', other, makeContext(store, 'FROM scratch\nLABEL a=b\n')]);
      assert.ok(readdirSync(other).includes('index.json'));
      assert.is((await store.ok(['images', '-q'])).stdout, '');
    });
  });

  test('images of an empty store is a heading, an empty list or nothing', async () => {
    await withTestStore(async (store) => {
      assert.is((await store.ok(['images'])).stdout, 'REPOSITORY   TAG   IMAGE ID   CREATED   SIZE\n');
      assert.is((await store.ok(['images', '--json'])).stdout, '[]\n');
      assert.is((await store.ok(['images', '-q'])).stdout, '');
    });
  });

  test("build prints Buildah's lines on standard output, and the ID last", async () => {
    await withTestStore(async (store) => {
      const context = makeContext(store, TWO_STAGES);
      const iidFile = join(store.directory, 'iid');
      const first = await store.ok(['bud', '-t', 'app', '--iidfile', iidFile, context]);
      assert.match(
        first.stdout,
        new RegExp(
          [
            '^\\[1/2\\] STEP 1/3: FROM scratch AS one',
            '\\[1/2\\] STEP 2/3: COPY hello.txt /',
            '--> [0-9a-f]{12}',
            '\\[1/2\\] STEP 3/3: LABEL a=b',
            '--> [0-9a-f]{12}',
            '\\[2/2\\] STEP 1/3: FROM scratch',
            '\\[2/2\\] STEP 2/3: COPY --from=one /hello.txt /copy.txt',
            '--> [0-9a-f]{12}',
            '\\[2/2\\] STEP 3/3: ENV A=b',
            '\\[2/2\\] COMMIT app',
            '--> [0-9a-f]{12}',
            'Successfully tagged localhost/app:latest',
            '[0-9a-f]{64}\\n$',
          ].join('\\n'),
        ),
      );
      assert.is(withoutIdWarning(first.stderr), '');
      const id = first.stdout.trimEnd().split('\n').at(-1) ?? '';
      assert.is(readFileSync(iidFile, 'utf8').trim(), `sha256:${id}`);

      const second = await store.ok(['bud', '-t', 'app', context]);
      assert.match(second.stdout, /STEP 2\/3: COPY hello.txt \/\n--> Using cache [0-9a-f]{12}\n--> [0-9a-f]{12}\n/);
      const quiet = await store.ok(['build', '--quiet', context]);
      assert.is(quiet.stdout, `${id}\n`);
      assert.is(withoutIdWarning(quiet.stderr), '');
    });
  });

  test('images, inspect, tag and rmi see what build made', async () => {
    await withTestStore(async (store) => {
      const context = makeContext(store, TWO_STAGES);
      const id = (await store.ok(['bud', '-q', '-t', 'app', '--label', 'x=y', context])).stdout.trim();
      const lines = (await store.ok(['images'])).stdout.trimEnd().split('\n');
      assert.is(lines.length, 2);
      assert.match(lines[1] ?? '', new RegExp(`^localhost/app +latest +${id.slice(0, 12)} +.+ ago +[\\d.]+ K?B$`));
      await store.ok(['tag', 'app', 'other:1', 'host:5000/x/y']);
      const format = ['images', '--format', '{{.Name}}:{{.Tag}}'];
      assert.equal((await store.ok(format)).stdout.trimEnd().split('\n').sort(), [
        'host:5000/x/y:latest',
        'localhost/app:latest',
        'localhost/other:1',
      ]);
      const inspected = JSON.parse((await store.ok(['inspect', '--type', 'image', 'app'])).stdout);
      assert.is(inspected.FromImageID, id);
      const template = '{{.FromImageID}} {{.OCIv1.Config.Env}} {{index .Docker.Config.Labels "x"}} {{.OCIv1.Config.Entrypoint}}';
      assert.match((await store.ok(['inspect', '--format', template, 'app'])).stdout, new RegExp(`^${id} \\[.*A=b\\] y \\[\\]$`));
      assert.is((await store.ok(['rmi', 'other:1'])).stdout, 'untagged: localhost/other:1\n');
      const removed = (await store.ok(['rmi', '-f', 'host:5000/x/y', 'app'])).stdout;
      assert.match(removed, new RegExp(`untagged: localhost/app:latest\\n${id}\\n$`));
      assert.is((await store.ok(['images', '-q'])).stdout, '');
    });
  });

  for (const [title, containerfile, pattern] of [
    [
      'an unknown instruction',
      'FROM scratch\nCOPPY hello.txt /\n',
      /^Error: .*Containerfile:2:1: [^\n]+\n[\s\S]*>> 2 \| COPPY hello\.txt \/\n {5}\| \^\n[\s\S]*COPY/,
    ],
    ['a missing source of COPY', 'FROM scratch\nCOPY nothere /\n', /nothere/],
    ['an empty Containerfile', '', /empty/],
    ['an unknown stage', 'FROM scratch\nCOPY --from=nope /a /\n', /nope/],
  ] as const) {
    test(`build refuses ${title} and leaves the name where it was`, async () => {
      await withTestStore(async (store) => {
        const id = (await store.ok(['bud', '-q', '-t', 'app', makeContext(store, 'FROM scratch\nCOPY hello.txt /\n')])).stdout.trim();
        const { status, stderr } = await store.tsbuild(['bud', '-q', '--pull=never', '-t', 'app', makeContext(store, containerfile)]);
        assert.match(stderr, pattern);
        assert.match(withoutIdWarning(stderr), /^Error: /);
        assert.is(status, 125, stderr);
        assert.is((await store.ok(['images', '-q', '--no-trunc', 'app'])).stdout, `sha256:${id}\n`);
      });
    });
  }

  test('a reader that goes away ends the program without noise', async () => {
    await withTestStore(async (store) => {
      const command = store
        .argv(['bud', '--help'])
        .map((word) => `'${word}'`)
        .join(' ');
      const { stderr } = await run(['sh', '-c', `for i in 1 2 3; do ${command}; done | head -n 1 >/dev/null; sleep 0.2`]);
      assert.is(stderr, '');
    });
  });

  test('SIGINT ends a command that waits, with status 130', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      await withTestStore(async (store) => {
        const [program = '', ...args] = store.argv(['pull', '--tls-verify=false', `127.0.0.1:${port}/app`]);
        const child = spawn(program, args, { stdio: 'ignore' });
        const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
        while (sockets.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
        child.kill('SIGINT');
        assert.is(await ended, 130);
      });
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  test('the loader reads what it cannot map', async () => {
    await withTempDir(async (directory) => {
      const dist = join(directory, 'dist');
      cpSync(join(project, 'dist'), dist, { recursive: true, filter: (path) => !path.endsWith('/native') });
      mkdirSync(join(dist, 'native'));
      copyFileSync(join(project, 'package.json'), join(directory, 'package.json'));
      symlinkSync(join(project, 'node_modules'), join(directory, 'node_modules'));
      const version = async () => (await run([process.execPath, join(dist, 'tsbuild.cjs'), 'version', '--short'])).stdout;
      const read = await version();
      assert.match(read, /^tsbuild version /);
      // An addon that is not one counts as none.
      writeFileSync(join(dist, 'native/tsbuild-start.node'), 'nonsense');
      assert.is(await version(), read);
      copyFileSync(join(project, 'dist/native/tsbuild-start.node'), join(dist, 'native/tsbuild-start.node'));
      assert.is(await version(), read);
    });
  });

  test('the loader makes a code cache of its own when the one of the build is missing', async () => {
    await withTempDir(async (directory) => {
      const dist = join(directory, 'dist');
      mkdirSync(dist);
      for (const name of ['tsbuild.cjs', 'main.cjs', 'rest.cjs', 'package.json'])
        copyFileSync(join(project, 'dist', name), join(dist, name));
      symlinkSync(join(project, 'dist/native'), join(dist, 'native'));
      symlinkSync(join(project, 'node_modules'), join(directory, 'node_modules'));
      copyFileSync(join(project, 'package.json'), join(directory, 'package.json'));
      // A file where the directory should be: nothing can be written there, not even by root.
      writeFileSync(join(dist, 'cache'), '');
      const loader = [process.execPath, join(dist, 'tsbuild.cjs')];
      const store = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run')];
      const options = { cwd: directory, env: { XDG_CACHE_HOME: join(directory, 'xdg') } };
      const cache = join(directory, 'xdg/tsbuild/v8');
      for (let count = 0; count < 2; count++) assert.is((await run([...loader, ...store, 'images'], options)).status, 0);
      const [made = '', ...others] = readdirSync(cache);
      assert.equal(others, []);
      assert.equal(readdirSync(join(cache, made)), ['images.bin']);
      // Each command has one, under its own name: not that of a flag's value, nor a word that is no command.
      await run([...loader, '--root', 'somewhere', '--runroot', 'elsewhere', 'containers'], options);
      assert.is.not((await run([...loader, 'nonsense'], options)).status, 0);
      assert.equal(readdirSync(join(cache, made)).sort(), ['containers.bin', 'images.bin']);
      // One that needs the program's second script has another for that.
      await run([...loader, ...store, 'history', 'nothing'], options);
      assert.equal(readdirSync(join(cache, made)).sort(), ['containers.bin', 'history.bin', 'history.rest.bin', 'images.bin']);
      // One that is broken does not matter, and is made again.
      writeFileSync(join(cache, made, 'images.bin'), 'garbage');
      assert.is((await run([...loader, ...store, 'images'], options)).status, 0);
      assert.ok(statSync(join(cache, made, 'images.bin')).size > 1000);
      if (process.env.ASAN_OPTIONS !== undefined) skip('the Node of a build with sanitizers always has options');
      // A V8 with other options has its own. Of older folders a few are kept, and the one without options always.
      for (const name of ['w', 'x', 'y', 'z']) {
        mkdirSync(join(cache, name));
        utimesSync(join(cache, name), 1, 1 + name.charCodeAt(0));
      }
      utimesSync(join(cache, made), 1, 1);
      const [node = '', ...words] = loader;
      assert.is((await run([node, '--max-lazy', ...words, ...store, 'images'], options)).status, 0);
      const kept = readdirSync(cache).sort();
      assert.is(kept.length, 5);
      assert.equal(kept.slice(-3), ['x', 'y', 'z']);
      assert.ok(kept.includes(made));
    });
  });
});
