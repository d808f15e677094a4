import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { sha256, withRegistry } from '../support/registry.js';
import { skip, suite } from '../support/suite.js';
import { tarEntry, tarOf } from '../support/tar-of.js';
import { addBusybox, project, type Run, type RunOptions, run, type TestStore, withTestStore } from '../support/tsbuild.js';

type Files = Readonly<Record<string, string | Uint8Array>>;

interface Attempt {
  readonly context?: Files;
  readonly args?: readonly string[];
  /** 125 if left out. */
  readonly status?: number;
  readonly run?: RunOptions;
}

/** Writes `files` into the store's context folder and gives its path. */
function writeContext(store: TestStore, files: Files): string {
  const directory = join(store.directory, 'context');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

const GOOD: Files = { Containerfile: 'FROM scratch\nCOPY file.txt /old\n', 'file.txt': 'hello\n' };

/**
 * A build that must fail over a store that has an image `app`: gives the paragraph after `Error: `, with the context's path as `CTX`.
 * Afterwards `app` is what it was, and nothing is left but complete blobs.
 */
async function failingBuild(store: TestStore, attempt: Attempt): Promise<string> {
  const context = writeContext(store, GOOD);
  const old = (await store.ok(['bud', '-q', '-t', 'app', context])).stdout;
  writeContext(store, attempt.context ?? {});
  const result = await store.tsbuild(['bud', '-t', 'app', '-t', 'other', ...(attempt.args ?? [context])], attempt.run ?? {});
  assert.is(result.status, attempt.status ?? 125, result.stdout + result.stderr);
  await assertUntouched(store, old);
  return errorOf(result, context);
}

function errorOf({ stderr }: Run, context: string): string {
  const at = stderr.indexOf('Error: ');
  assert.ok(at >= 0, `no error in: ${stderr}`);
  const text = stderr.slice(at + 'Error: '.length).replaceAll(context, 'CTX');
  assert.not.match(text, /internal error|\n {4}at |\n\n/);
  return text;
}

async function assertUntouched(store: TestStore, oldId: string): Promise<void> {
  assert.is((await store.ok(['inspect', '--type', 'image', '--format', '{{.FromImageID}}', 'app'])).stdout.trim(), oldId.trim());
  assert.is((await store.tsbuild(['inspect', '--type', 'image', 'other'])).status, 125, 'the new name must not exist');
  assertComplete(store.root);
}

function assertComplete(root: string): void {
  for (const folder of ['tmp', 'trash']) assert.equal(existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [], [], folder);
  const blobs = join(root, 'blobs/sha256');
  for (const name of readdirSync(blobs))
    assert.is(
      createHash('sha256')
        .update(readFileSync(join(blobs, name)))
        .digest('hex'),
      name,
    );
}

const FULL_HINT = 'Free space with "tsbuild rmi --prune", or give a directory on another disk with --root';

const BIG = createRandom(5000);
const ARCHIVE = tarOf([
  { name: 'one', data: BIG },
  { name: 'two', data: BIG },
]);
const BAD_HEADER = Buffer.concat([
  tarEntry({ name: 'one', data: BIG }),
  tarEntry({ name: 'two', data: BIG, spoil: (header) => header.write('999', 100) }),
  Buffer.alloc(1024),
]);

/** Of several blocks, so that its first can be read when its last cannot. */
const LONG_BZIP2 = execFileSync('bzip2', ['-1c'], { input: tarOf([{ name: 'one', data: createRandom(300_000) }]) });

/** [title, files of the context, the error's paragraph]. */
const CONTAINERFILES: readonly (readonly [string, Files, string])[] = [
  [
    'an empty Containerfile',
    { Containerfile: '' },
    'CTX/Containerfile: the Containerfile cannot be empty\nIt needs at least a FROM instruction\n',
  ],
  [
    'a Containerfile of comments',
    { Containerfile: '# nothing\n' },
    'CTX/Containerfile:1:1: file with no instructions\n>> 1 | # nothing\n     | ^\nA Containerfile begins with FROM, for example: FROM scratch\n',
  ],
  [
    'an unknown instruction',
    { Containerfile: 'FROM scratch\nCOYP file.txt /\n' },
    'CTX/Containerfile:2:1: unknown instruction: COYP\n   1 | FROM scratch\n>> 2 | COYP file.txt /\n     | ^\nDid you mean COPY?\n',
  ],
  [
    'an unknown flag of an instruction',
    { Containerfile: 'FROM scratch\nCOPY --chwon=1 file.txt /\n' },
    'CTX/Containerfile:2:6: unknown flag: --chwon\n   1 | FROM scratch\n>> 2 | COPY --chwon=1 file.txt /\n     |      ^\nDid you mean --chown?\n',
  ],
  [
    'a source that is not there',
    { Containerfile: 'FROM scratch\nCOPY fil.txt /\n' },
    'CTX/Containerfile:2:1: building at STEP "COPY fil.txt /": "fil.txt": no such file or directory in the build context "CTX"\n' +
      '   1 | FROM scratch\n>> 2 | COPY fil.txt /\n     | ^\nThere is "file.txt"\n',
  ],
  [
    'a source outside the context',
    { Containerfile: 'FROM scratch\nCOPY ../secret /\n', '../secret': 's' },
    'CTX/Containerfile:2:1: building at STEP "COPY ../secret /": "../secret": no such file or directory in the build context "CTX": ' +
      'sources outside of it cannot be copied, ".." stops at its top\n   1 | FROM scratch\n>> 2 | COPY ../secret /\n     | ^\n' +
      'Build with a directory further up as the context and name the Containerfile with --file\n',
  ],
  [
    'a source that is ignored',
    { Containerfile: 'FROM scratch\nCOPY file.txt /\n', '.dockerignore': '# texts\n*.txt\n' },
    'CTX/Containerfile:2:1: building at STEP "COPY file.txt /": "file.txt": no such file or directory in the build context "CTX": ' +
      'it is excluded by .dockerignore line 2: "*.txt"\n   1 | FROM scratch\n>> 2 | COPY file.txt /\n     | ^\n' +
      'Change that line, or add one with "!" below it\n',
  ],
  [
    'an ignore file with a bad line',
    { '.dockerignore': 'a\n[b\n' },
    'Cannot use .dockerignore line 2: syntax error in pattern "[b": the character class has no "]"\n' +
      'Put a backslash before a character that is meant literally\n',
  ],
  [
    'a stage that is misspelt',
    { Containerfile: 'FROM scratch AS build\nCOPY file.txt /\nFROM scratch\nCOPY --from=biuld /file.txt /\n' },
    'CTX/Containerfile:4:1: building at STEP "COPY --from=biuld /file.txt /": ' +
      'short-name "biuld" did not resolve to an alias and no unqualified-search registries are defined\n' +
      '   3 | FROM scratch\n>> 4 | COPY --from=biuld /file.txt /\n     | ^\nDid you mean the stage "build"?\n',
  ],
  [
    'an unreachable registry',
    { Containerfile: '# base\nFROM 127.0.0.1:1/a/b\n' },
    'CTX/Containerfile:2:1: building at STEP "FROM 127.0.0.1:1/a/b": Cannot read 127.0.0.1:1/a/b:latest: ' +
      'nothing accepts connections at 127.0.0.1:1 (ECONNREFUSED)\n   1 | # base\n>> 2 | FROM 127.0.0.1:1/a/b\n     | ^\n' +
      'Check that a registry runs at 127.0.0.1:1 and that the port is right\n',
  ],
  [
    'a path below a file of the image',
    { Containerfile: 'FROM scratch\nCOPY file.txt /x\nCOPY file.txt /x/y/z\n' },
    'CTX/Containerfile:3:1: building at STEP "COPY file.txt /x/y/z": Cannot write to "/x/y" in the image: "/x" is there and is no directory\n' +
      '   2 | COPY file.txt /x\n>> 3 | COPY file.txt /x/y/z\n     | ^\nChoose another path, or remove what is there in a RUN before\n',
  ],
  [
    'an owner that the image does not know',
    { Containerfile: 'FROM scratch\nCOPY --chown=web file.txt /\n' },
    'CTX/Containerfile:2:1: building at STEP "COPY --chown=web file.txt /": unable to find user web: no matching entries in passwd file\n' +
      "   1 | FROM scratch\n>> 2 | COPY --chown=web file.txt /\n     | ^\nAdd the user to the image's /etc/passwd first, or give its number\n",
  ],
  [
    'a file where the sandbox needs a directory',
    { Containerfile: 'FROM scratch\nCOPY Containerfile /dev\nRUN ["x"]\n' },
    'CTX/Containerfile:3:1: building at STEP "RUN ["x"]": Cannot set up the sandbox: stage mount-point at "/dev": ENOTDIR (the image has a file there)\n' +
      '   2 | COPY Containerfile /dev\n>> 3 | RUN ["x"]\n     | ^\n',
  ],
  ...(
    [
      [
        'a tar that ends too early',
        ARCHIVE.subarray(0, 8000),
        /^"a\.tar", entry "two": the archive ends too early \(byte \d+ of the archive\)$/,
      ],
      ['a tar with a damaged header', BAD_HEADER, /^"a\.tar".*: .*checksum/],
      ['a gzip that ends too early', gzipSync(ARCHIVE).subarray(0, 3000), /^"a\.tar": the gzip stream ends too early$/],
      ['a bzip2 that ends too early', LONG_BZIP2.subarray(0, -20_000), /^"a\.tar": bzip2 cannot decompress it \(.*\)$/],
    ] as const
  ).map(
    ([title, archive, problem]) => [title, { Containerfile: 'FROM scratch\nADD a.tar /\n', 'a.tar': archive }, problem.source] as const,
  ),
];

suite('integration/bad-input', (test) => {
  for (const [title, files, expected] of CONTAINERFILES) {
    test(title, () =>
      withTestStore(async (store) => {
        const error = await failingBuild(store, { context: files });
        if (!('a.tar' in files)) return assert.is(error, expected);
        const problem = /^CTX\/Containerfile:2:1: building at STEP "ADD a\.tar \/": Cannot unpack (.*)\n/.exec(error)?.[1] ?? error;
        assert.match(problem, new RegExp(expected));
        assert.match(error, />> 2 \| ADD a\.tar \/\n {5}\| \^\nMake the archive again, or copy it as it is with COPY\n$/);
      }),
    );
  }

  test('stages that are built on each other', () =>
    withTestStore(async (store) => {
      const error = await failingBuild(store, { context: { Containerfile: 'FROM b AS a\nFROM a AS b\n' } });
      assert.match(error, /^CTX\/Containerfile:1:1: building at STEP "FROM b AS a": /);
      assert.match(error, /\nThe stage "b" is not above this one: a stage is built on stages before it\n$/);
    }));

  for (const [title, args, expected] of [
    ['an unknown flag', ['--taag', 'x', '.'], 'unknown flag: --taag\nDid you mean --tag?\n'],
    [
      'a context that does not exist',
      ['/nonexistent/context'],
      'Cannot use the build context "/nonexistent/context": no such file or directory\nGive the directory that COPY and ADD read from, for instance .\n',
    ],
    [
      'a context that is a file',
      ['CTX/file.txt'],
      'Cannot use the build context "CTX/file.txt": it is not a directory\nGive a Containerfile with --file and its directory as the context\n',
    ],
    [
      'no Containerfile',
      ['CTX/empty'],
      'Cannot find a Containerfile or Dockerfile in the context "CTX/empty": no such file or directory\nWrite one there, or name it with --file\n',
    ],
    [
      'a --file that does not exist',
      ['-f', 'Nofile', 'CTX'],
      'Cannot read the Containerfile "Nofile": no such file or directory\nIt is neither here nor in the context "CTX"\n',
    ],
    ['an unknown --target', ['--target', 'biuld', 'CTX'], 'target stage "biuld" could not be found\nDid you mean build?\n'],
    [
      'a name with upper case',
      ['-t', 'Upper/Case', 'CTX'],
      'Invalid image name "Upper/Case": invalid reference format: repository name must be lowercase\nWrite an image name as [HOST[:PORT]/]PATH[:TAG][@sha256:HEX], with a lower-case path\n',
    ],
  ] as const) {
    test(title, () =>
      withTestStore(async (store) => {
        const directory = join(store.directory, 'context');
        const context = { Containerfile: 'FROM scratch AS build\nCOPY file.txt /\nFROM build\nLABEL new=1\n', 'empty/x': '' };
        const error = await failingBuild(store, { context, args: args.map((word) => word.replace('CTX', directory)) });
        assert.is(error, expected);
      }),
    );
  }

  test('a registry that sends other bytes than the digest says', () =>
    withRegistry({}, (registry) =>
      withTestStore(async (store) => {
        const layer = tarOf([{ name: 'file', data: 'layer' }]);
        pushImage(registry, layer, [sha256(layer)]);
        const key = [...registry.blobs.keys()].find((name) => name.endsWith(sha256(layer)))!;
        registry.blobs.set(key, Buffer.alloc(layer.length, 'z'));
        const error = await failingBuild(store, {
          context: { Containerfile: `FROM ${registry.host}/lib/base\nCOPY file.txt /\n` },
          args: ['--tls-verify=false', join(store.directory, 'context')],
        });
        assert.match(error, /^CTX\/Containerfile:1:1: building at STEP "FROM 127\.0\.0\.1:\d+\/lib\/base": /);
        assert.ok(error.includes(`expected ${sha256(layer)}, got ${sha256(Buffer.alloc(layer.length, 'z'))}`), error);
        assert.match(error, />> 1 \| FROM /);
        assert.not.ok(existsSync(join(store.root, 'blobs/sha256', sha256(layer).slice(7))));
      }),
    ));

  test('a registry whose layer is not what its config says', () =>
    withRegistry({}, (registry) =>
      withTestStore(async (store) => {
        const layer = tarOf([{ name: 'file', data: 'layer' }]);
        const wrong = sha256('something else');
        pushImage(registry, layer, [wrong]);
        const error = await failingBuild(store, {
          context: { Containerfile: `FROM ${registry.host}/lib/base\nCOPY file.txt /\n` },
          args: ['--tls-verify=false', join(store.directory, 'context')],
        });
        assert.ok(error.includes(wrong) && error.includes(sha256(layer)), error);
        assert.match(error, /^CTX\/Containerfile:\d:1: /);
      }),
    ));

  test('a RUN that fails ends the build with its own status', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      for (const [command, status, problem] of [
        ['exit 7', 7, 'exit status 7'],
        ['kill -9 $$', 137, 'killed by SIGKILL'],
        ['/no/such/command', 127, 'exit status 127'],
      ] as const) {
        const error = await failingBuild(store, { context: { Containerfile: `FROM localhost/busybox\nRUN ${command}\n` }, status });
        assert.is(error.split('\n')[0], `building at STEP "RUN ${command}": while running the command: ${problem}`);
      }
    }));

  test('a store made by a newer version', () =>
    withTestStore(async (store) => {
      const context = writeContext(store, GOOD);
      await store.ok(['bud', '-q', '-t', 'app', context]);
      const version = join(store.root, 'version');
      const before = readFileSync(version, 'utf8');
      writeFileSync(version, before.replace(/\d+/, '99'));
      for (const args of [['bud', '-t', 'app', context], ['images'], ['rmi', 'app'], ['pull', 'docker://127.0.0.1:1/x/y']]) {
        const result = await store.tsbuild(args);
        assert.is(result.status, 125);
        const error = errorOf(result, context);
        assert.match(error, /version "99"/);
        assert.ok(error.includes(store.root), error);
        assert.match(error, /newer/);
      }
      writeFileSync(version, before);
      assertComplete(store.root);
      await store.ok(['inspect', '--type', 'image', 'app']);
    }));

  test('a registries.conf that does not parse', () =>
    withTestStore(async (store) => {
      const file = join(store.directory, 'registries.conf');
      writeFileSync(file, 'unqualified-search-registries = ["a"]\n[[registry]]\nlocation = \n');
      const context = { Containerfile: 'FROM somebase\n' };
      for (const [args, env] of [
        [['--registries-conf', file], {}],
        [[], { CONTAINERS_REGISTRIES_CONF: file }],
      ] as const) {
        const error = await failingBuild(store, { context, args: [...args, join(store.directory, 'context')], run: { env } });
        assert.ok(error.includes(file), error);
        assert.match(error, /\b3\b/, 'the line');
      }
    }));

  for (const [title, storeSize, fileSize, instructions] of [
    ['a disk that is full when files are copied', '3m', 8, 'COPY big /\nCOPY file.txt /\n'],
    ['a disk that is full when a layer is compressed', '8m', 5, 'COPY big /\nCOPY file.txt /\n'],
    // The files of the last copy go into their layer from where they lie.
    ['a disk that is full when a layer is compressed that is never written', '3m', 8, 'COPY big /\n'],
  ] as const) {
    test(title, () =>
      withTestStore(async (store) => {
        const context = writeContext(store, { ...GOOD, big: createRandom(fileSize * 2 ** 20) });
        writeFileSync(join(store.directory, 'New'), `FROM scratch\n${instructions}`);
        mkdirSync(store.root);
        const unshare = process.getuid!() === 0 ? ['unshare', '-m'] : ['unshare', '-rm'];
        const script = `set -u; exec 3>/dev/null
          mount -t tmpfs -o size=${storeSize} tmpfs "$1" || exit 99
          old=$("$2" --root "$1" --runroot "$3" bud -q -t app "$4" 2>&3) || exit 98
          "$2" --root "$1" --runroot "$3" bud -t app -f "$3/../New" "$4" 2>&1; echo "status $?"
          find "$1/tmp" "$1/trash" "$1/snapshots" -name big -o -path "$1/t*/*" 2>/dev/null | sed "s/^/left /"
          for blob in "$1"/blobs/sha256/*; do
            [ "$(sha256sum < "$blob" | cut -d' ' -f1)" = "\${blob##*/}" ] || echo "incomplete $blob"
          done
          [ "$("$2" --root "$1" --runroot "$3" inspect --type image --format '{{.FromImageID}}' app 2>&3)" = "$old" ] && echo same`;
        const [program, ...rest] = store.argv([]);
        const runRoot = rest[3]!;
        const result = await run([...unshare, 'sh', '-c', script, 'sh', store.root, program!, runRoot, context]);
        if (result.status === 99) skip('no tmpfs can be mounted here');
        const out = result.stdout + result.stderr;
        assert.match(out, /\nstatus 125\n/, out);
        assert.match(out, /\nsame\n$/, out);
        assert.not.match(out, /^(left|incomplete) /m);
        const error = /^Error: (.*)\nstatus 125$/ms.exec(out)![1]!;
        assert.is(
          error.replace(/\d+ bytes/, 'N bytes'),
          `Cannot write "${store.root}": no space left on its file system (N bytes free)\n${FULL_HINT}`,
        );
      }),
    );
  }

  test('a user without subordinate ids is told how to get some, and builds', () =>
    withTestStore(async (store) => {
      const user = userInfo().username;
      if (process.getuid!() === 0) skip('root needs no subordinate ids');
      if (readFileSync('/etc/subuid', 'utf8').includes(`${user}:`)) skip(`${user} has subordinate ids`);
      const { stderr } = await store.ok(['bud', '-t', 'app', writeContext(store, GOOD)]);
      assert.match(stderr, /\/etc\/subuid/);
      assert.ok(stderr.includes(`usermod --add-subuids`) && stderr.includes(user), stderr);
    }));

  test('a machine without newuidmap is told what to install, and builds', () =>
    withTestStore(async (store) => {
      if (process.getuid!() !== 0) skip('only root can hide newuidmap');
      const user = readFileSync('/etc/subuid', 'utf8').split(':')[0] ?? '';
      if (!readFileSync('/etc/passwd', 'utf8').includes(`\n${user}:`)) skip('there is no user with subordinate ids');
      writeContext(store, GOOD);
      // The user sees the project where everybody can go, and a /usr/bin without newuidmap. A build with sanitizers has its Node in the project.
      const script = `set -e
        mkdir "$1/bin"
        for tool in sh dash bash env node setpriv cat rm; do cp -a "/usr/bin/$tool" "$1/bin/" 2>/dev/null || :; done
        [ -e "$1/bin/node" ] || cp "$3" "$1/bin/node"
        chown -R "$4" "$1"; chmod 755 "$1"
        mount --bind "$2" /mnt
        mount --bind "$1/bin" /usr/bin
        cd /mnt
        setpriv --reuid="$4" --regid="$4" --init-groups --inh-caps=-all env PATH=/mnt/sanitizers:/usr/bin HOME="$1" \\
          /mnt/bin/tsbuild --root "$1/root" --runroot "$1/run" bud -t app "$1/context"`;
      const result = await run([
        'unshare',
        '--mount',
        '--propagation',
        'private',
        'sh',
        '-c',
        script,
        'sh',
        store.directory,
        project,
        process.execPath,
        user,
      ]);
      assert.is(result.status, 0, result.stderr);
      assert.match(result.stderr, /newuidmap was not found; install the package uidmap/);
    }));
});

function createRandom(bytes: number): Buffer {
  // Not compressible, and the same each time.
  const blocks: Buffer[] = [];
  for (let size = 0; size < bytes; size += 64) blocks.push(createHash('sha512').update(String(size)).digest());
  return Buffer.concat(blocks);
}

type Registry = Parameters<Parameters<typeof withRegistry>[1]>[0];

/** `lib/base:latest` with one uncompressed layer. */
function pushImage(registry: Registry, layer: Buffer, diffIds: readonly string[]): void {
  const config = Buffer.from(
    JSON.stringify({ architecture: hostArchitecture(), os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } }),
  );
  for (const blob of [config, layer]) registry.addBlob('lib/base', blob);
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(config), size: config.length },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: sha256(layer), size: layer.length }],
  };
  registry.addManifest('lib/base', 'latest', Buffer.from(JSON.stringify(manifest)), mediaType);
}

function hostArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
