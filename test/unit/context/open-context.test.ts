import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Context, type ContextOptions, openContext } from '../../../src/context/index.js';
import { rejects } from '../../support/rejects.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

interface Place {
  readonly directory: string;
  readonly cache: string;
}

async function withPlace(body: (place: Place) => Promise<void>): Promise<void> {
  await withTempDir(async (top) => {
    const directory = join(top, 'context');
    mkdirSync(directory);
    for (const name of ['a', 'b', 'c', 'Containerfile']) writeFileSync(join(directory, name), name);
    await body({ directory, cache: join(top, 'cache') });
  });
}

async function withContext<T>(place: Place, options: Partial<ContextOptions>, body: (context: Context) => Promise<T>): Promise<T> {
  const context = await openContext({ directory: place.directory, statCacheDirectory: place.cache, ...options });
  try {
    return await body(context);
  } finally {
    await context.close();
  }
}

const names = (place: Place, options: Partial<ContextOptions> = {}) =>
  withContext(place, options, async (context) => {
    const [all] = await context.select(['.']);
    return [...all!.entries].map((entry) => entry.path.toString()).filter((name) => /^[abc]$/.test(name));
  });

suite('context/open-context', (test) => {
  test('openContext() uses the first ignore file there is', () =>
    withPlace(async (place) => {
      const containerfile = join(place.directory, 'Containerfile');
      assert.equal(await names(place), ['a', 'b', 'c']);
      writeFileSync(join(place.directory, '.dockerignore'), 'a');
      assert.equal(await names(place, { containerfile }), ['b', 'c']);
      writeFileSync(join(place.directory, '.containerignore'), 'b');
      assert.equal(await names(place, { containerfile }), ['a', 'c']);
      writeFileSync(join(place.directory, 'Containerfile.dockerignore'), 'c');
      assert.equal(await names(place, { containerfile }), ['a', 'b']);
      writeFileSync(join(place.directory, 'Containerfile.containerignore'), 'a\nc');
      assert.equal(await names(place, { containerfile }), ['b']);
      const own = join(place.directory, '../own');
      writeFileSync(own, 'a\nb');
      assert.equal(await names(place, { containerfile, ignoreFile: own }), ['c']);
    }));

  test('openContext() refuses an ignore file that leads out of the context (CVE-2022-4122)', () =>
    withPlace(async (place) => {
      writeFileSync(join(place.directory, '../secret'), 'a');
      for (const target of ['../secret', join(place.directory, '../secret')]) {
        execFileSync('rm', ['-f', join(place.directory, '.dockerignore')]);
        symlinkSync(target, join(place.directory, '.dockerignore'));
        await rejects(names(place), {
          code: 'CONTEXT_INVALID',
          message: /\.dockerignore: it is a link that leads out of the build context/,
        });
      }
    }));

  test('openContext() follows an ignore file that is a link inside the context', () =>
    withPlace(async (place) => {
      writeFileSync(join(place.directory, 'ignore'), 'a');
      symlinkSync('ignore', join(place.directory, '.dockerignore'));
      assert.equal(await names(place), ['b', 'c']);
    }));

  test('openContext() does not hang on a fifo or read a directory as an ignore file', () =>
    withPlace(async (place) => {
      execFileSync('mkfifo', [join(place.directory, '.dockerignore')]);
      await rejects(names(place), { code: 'CONTEXT_INVALID', message: /\.dockerignore: it is no regular file/ });
      execFileSync('rm', [join(place.directory, '.dockerignore')]);
      mkdirSync(join(place.directory, '.dockerignore'));
      await rejects(names(place), { code: 'CONTEXT_INVALID', message: /\.dockerignore: it is no regular file/ });
    }));

  test('openContext() names a missing --ignorefile, and one that is too large', () =>
    withPlace(async (place) => {
      await rejects(names(place, { ignoreFile: '/nonexistent/ignore' }), {
        code: 'CONTEXT_INVALID',
        message: /"\/nonexistent\/ignore": no such file/,
      });
      writeFileSync(join(place.directory, '.dockerignore'), Buffer.alloc(10 * 2 ** 20 + 1, '#'));
      await rejects(names(place), { code: 'CONTEXT_INVALID', message: /it is larger than 10 MiB/ });
    }));

  test('digest() of an unchanged context reads no file a second time', () =>
    withPlace(async (place) => {
      if (!existsSync('/usr/bin/strace')) skip('strace is not installed');
      for (const name of ['a', 'b', 'c', 'Containerfile']) utimesSync(join(place.directory, name), 1, 1);
      // A file is trusted when its status is older than two seconds.
      await new Promise((resolve) => setTimeout(resolve, 2100));
      const cold = traceDigest(place);
      const warm = traceDigest(place);
      assert.is(warm.digest, cold.digest);
      assert.equal(cold.opened.sort(), ['Containerfile', 'a', 'b', 'c']);
      assert.equal(warm.opened, []);
      writeFileSync(join(place.directory, 'a'), 'changed');
      const changed = traceDigest(place);
      assert.is.not(changed.digest, cold.digest);
      assert.equal(changed.opened, ['a']);
    }));
});

/** The digest of the whole context, made by a process of its own, and the files that one opened for reading. */
function traceDigest(place: Place): { readonly digest: string; readonly opened: string[] } {
  const log = join(place.directory, '../strace.log');
  const script = `
    const { openContext } = await import(${JSON.stringify(new URL('../../../src/context/index.js', import.meta.url).href)});
    const context = await openContext({ directory: ${JSON.stringify(place.directory)}, statCacheDirectory: ${JSON.stringify(place.cache)} });
    console.log(await context.digest(['.']));
    await context.close();`;
  const digest = execFileSync(
    'strace',
    ['-f', '-e', 'trace=openat2,openat', '-o', log, process.execPath, '--input-type=module', '-e', script],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const opened = readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const name = /"(a|b|c|Containerfile)", /.exec(line)?.[1];
      return name === undefined || line.includes('O_PATH') ? [] : [name];
    });
  return { digest, opened };
}
