import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, lchownSync, linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { addBusybox, run, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';

interface Case {
  readonly title: string;
  readonly verb?: 'add' | 'copy';
  /** After the container; `@` is where the sources are. */
  readonly args: readonly string[];
  readonly flags?: readonly string[];
  /** As Debian's Buildah 1.28 prints it; the last test asks it again. */
  readonly digest: string;
}

const LONG = 'n'.repeat(90);
const CASES: readonly Case[] = [
  {
    title: 'a file that gets another name',
    args: ['a', '/other'],
    digest: '338009d4a07088687875d2b18c675ccc959adc1e9a1945ebaa27ba7cd5af69ad',
  },
  { title: 'a file that keeps its name', args: ['a', '/tmp/'], digest: '4f5dea435d82e31faa3e771030ae483ef79d469ff3fc5f4a6857539286d12dc7' },
  {
    title: 'an owner',
    args: ['a', '/other'],
    flags: ['--chown', '5:6'],
    digest: 'b1952c6f6a76848f46a4a407d5cfee5a37a864b09a0324f54bae69e0fb9b218d',
  },
  {
    title: 'a mode',
    args: ['a', '/other'],
    flags: ['--chmod', '4711'],
    digest: 'baef2d45e6293c84b617d4af8c1e6fd78b903366f162667933af3aa97d48f337',
  },
  { title: 'a directory', args: ['tree', '/tree'], digest: '2f2ea15fa11c90aaa24422a12594a64c607ccc5cdc0f123701c02ba77d8ee24a' },
  {
    title: 'a directory with an owner and a mode',
    args: ['tree', '/tree'],
    flags: ['--chown', '7:8', '--chmod', '750'],
    digest: '96507cf64e48b4ad83a06a37225a1dac960f0ad481f359b19df2160fb1725af3',
  },
  {
    title: 'what is left out',
    args: ['@/tree', '/tree'],
    flags: ['--contextdir', '@', '--ignorefile', '@/ignore'],
    digest: '863039a4b7a0e10ae3442ba6c85c01b9fdffc2931a67ade94fc9766d38438e14',
  },
  {
    title: 'several sources',
    args: ['a', 'tree', 'empty', '/several/'],
    digest: '6350ae20ad0171f0e0a17880b41b8c8b90f12da2d57d4771b29bb4983d152306',
  },
  { title: 'a wildcard', args: ['*mpty', 'a*', '/several/'], digest: '89f5edbd0dad0855652f3b2f8e2a803400c24492ccb6b8a89ba9e8546f32c675' },
  {
    title: 'a link that is named',
    args: ['tree/link', '/linked'],
    digest: '50d349f70ca3d3655d2f9b86ba9516b6150751fcfcbaf8c71d56de77a0bc7e74',
  },
  { title: 'add', verb: 'add', args: ['tree', '/tree'], digest: '2f2ea15fa11c90aaa24422a12594a64c607ccc5cdc0f123701c02ba77d8ee24a' },
];

/** What a tar of it needs each kind of header for. */
function makeSources(directory: string): void {
  mkdirSync(join(directory, 'tree'));
  mkdirSync(join(directory, 'nested/sub/deeper'), { recursive: true });
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(directory, name), content);
  write('a', 'content\n');
  write('empty', '');
  write('ignore', 'tree/large\n');
  write('tree/large', Buffer.alloc(3_000_000, 'x'));
  write('tree/file', 'in a directory\n');
  write('tree/tool', '#!/bin/sh\n');
  write(`tree/${LONG}${LONG}`, 'a name for no field\n');
  write('tree/naïve ☃', 'a name that is not ASCII\n');
  linkSync(join(directory, 'tree/file'), join(directory, 'tree/linked'));
  symlinkSync('file', join(directory, 'tree/link'));
  symlinkSync(`${LONG}/${LONG}`, join(directory, 'tree/broken'));
  chmodSync(join(directory, 'tree/tool'), 0o755);
  write('nested/sub/file', 'in a directory\n');
  // A name that sorts between a directory and what is in it.
  write('nested/sub-file', 'beside it\n');
  write('nested/sub/deeper/tool', '#!/bin/sh\n');
  write(`nested/sub/${LONG}.1`, 'a name that ends in the first field\n');
  write(`nested/sub/deeper/${LONG}.2`, 'a name for two fields\n');
  symlinkSync('sub/file', join(directory, 'nested/link'));
  chmodSync(join(directory, 'nested/sub'), 0o750);
  for (const name of ['a', 'empty', 'tree/large', 'tree/file']) chmodSync(join(directory, name), 0o640);
}

const placed = (words: readonly string[], cwd: string): string[] => words.map((word) => word.replace('@', cwd));

async function printed(store: TestStore, container: string, { verb = 'copy', flags = [], args }: Case, cwd: string): Promise<string> {
  return (await store.ok([verb, ...placed(flags, cwd), container, ...placed(args, cwd)], { cwd })).stdout.trim();
}

function sourcesIn(store: TestStore): string {
  const directory = join(store.directory, 'sources');
  mkdirSync(directory);
  const mask = process.umask(0o022);
  try {
    makeSources(directory);
  } finally {
    process.umask(mask);
  }
  return directory;
}

suite('the digest that copy and add print is that of Buildah', (test) => {
  test('for files, directories and several', () =>
    withTestStore(async (store) => {
      const cwd = sourcesIn(store);
      await addBusybox(store);
      const wrong: string[] = [];
      for (const each of CASES) {
        const container = (await store.ok(['from', 'busybox'])).stdout.trim();
        const digest = await printed(store, container, each, cwd);
        if (digest !== each.digest) wrong.push(`${each.title}: ${digest}, not ${each.digest}`);
      }
      assert.equal(wrong, []);
    }));

  // Buildah 1.44 ends the names of directories in a slash, as GNU tar does, and 1.28 does not.
  test('for directories in directories, as a tar by another tool', () =>
    withTestStore(async (store) => {
      const cwd = sourcesIn(store);
      const names = ['link', 'sub', 'sub-file'];
      const owner = ['--owner=3', '--group=4', '--numeric-owner', '--mtime=@0', '--sort=name', '--format=ustar', '--blocking-factor=1'];
      const tar = spawnSync('tar', [...owner, '-c', '-C', join(cwd, 'nested'), ...names]);
      assert.is(tar.status, 0, tar.stderr.toString());
      const container = (await store.ok(['from', 'scratch'])).stdout.trim();
      const { stdout } = await store.ok(['copy', '--chown', '3:4', container, 'nested', '/nested'], { cwd });
      assert.is(stdout.trim(), createHash('sha256').update(tar.stdout).digest('hex'));
    }));

  test('and stands in the history with its kind', () =>
    withTestStore(async (store) => {
      const cwd = sourcesIn(store);
      const container = (await store.ok(['from', 'scratch'])).stdout.trim();
      for (const args of [
        ['a', '/a'],
        ['tree', '/tree'],
        ['a', 'empty', '/both/'],
      ])
        await store.ok(['copy', '--add-history', '-q', container, ...args], { cwd });
      await store.ok(['commit', '-q', container, 'made']);
      const { stdout } = await store.ok([
        'inspect',
        '--type',
        'image',
        '--format',
        '{{range .OCIv1.History}}{{println .CreatedBy}}{{end}}',
        'made',
      ]);
      assert.match(stdout, /#\(nop\) COPY file:[0-9a-f]{64}\n.*#\(nop\) COPY dir:[0-9a-f]{64}\n.*#\(nop\) COPY multi:[0-9a-f]{64}/);
    }));

  test('as recorded from Debian Buildah, asked again', async () => {
    if (process.getuid?.() !== 0)
      skip('sources get an owner without a name, which root alone can give: Buildah 1.28 has names in the tar, 1.44 has none');
    if ((await run(['buildah', '--version']).catch(() => undefined)) === undefined) skip('there is no Buildah here');
    await withTestStore(async (store) => {
      const cwd = sourcesIn(store);
      for (const name of ['.', ...readdirSync(cwd, { recursive: true, encoding: 'utf8' })]) lchownSync(join(cwd, name), 54_321, 54_321);
      const theirs = [
        'buildah',
        '--root',
        join(store.directory, 'theirs'),
        '--runroot',
        join(store.directory, 'theirs-run'),
        '--storage-driver',
        'vfs',
      ];
      const differing: string[] = [];
      for (const { title, verb = 'copy', flags = [], args, digest } of CASES) {
        const container = (await runOk([...theirs, 'from', 'scratch'])).stdout.trim();
        if (title === 'a file that keeps its name') await runOk([...theirs, 'copy', container, 'empty', '/tmp/x'], { cwd });
        const { stdout } = await runOk([...theirs, verb, ...placed(flags, cwd), container, ...placed(args, cwd)], { cwd });
        if (stdout.trim() !== digest) differing.push(`${title}: ${stdout.trim()}, recorded ${digest}`);
        await runOk([...theirs, 'rm', container]);
      }
      assert.equal(differing, []);
    });
  });
});
