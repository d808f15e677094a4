import { chmodSync, closeSync, constants, mkdirSync, openSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import * as sys from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const FILES = 1000;
const SMALL_BYTES = 3000;
const LARGE_BYTES = 2 ** 20;

/** What this process has read so far, by the kernel's own account (proc(5)). */
function readSoFar(): { readonly calls: number; readonly bytes: number } {
  const io = readFileSync('/proc/self/io', 'latin1');
  const field = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(io)?.[1]);
  return { calls: field('syscr'), bytes: field('rchar') };
}

async function readBy(work: () => Promise<unknown>): Promise<{ readonly calls: number; readonly bytes: number }> {
  const before = readSoFar();
  await work();
  const after = readSoFar();
  return { calls: after.calls - before.calls, bytes: after.bytes - before.bytes };
}

async function withFiles(body: (source: sys.Fd, target: sys.Fd, directory: string) => Promise<unknown>): Promise<void> {
  await withTempDir(async (directory) => {
    for (const name of ['source', 'target']) mkdirSync(join(directory, name));
    const fds = [openSync(join(directory, 'source'), constants.O_RDONLY), openSync(join(directory, 'target'), sys.O_PATH)] as const;
    try {
      await body(...fds, directory);
    } finally {
      for (const fd of fds) closeSync(fd);
    }
  });
}

const named = (name: string): sys.CopyEntry => ({ from: Buffer.from(name), to: Buffer.from(name), isPlainFile: true });

suite('sys: what is read of many files', (test) => {
  test('a copy and a digest read each file once, and once only', () =>
    withFiles(async (source, target, directory) => {
      const names = Array.from({ length: FILES }, (_, index) => `f${index}`);
      for (const name of names) writeFileSync(join(directory, 'source', name), Buffer.alloc(SMALL_BYTES, name));
      writeFileSync(join(directory, 'source', 'large'), Buffer.alloc(LARGE_BYTES, 'large'));
      const all = [...names, 'large'];
      const total = FILES * SMALL_BYTES + LARGE_BYTES;
      const whole = { from: Buffer.alloc(0), to: Buffer.alloc(0) };
      const works = {
        both: async () => {
          const digests = sys.unknownDigests(await sys.walk(source), Buffer.alloc(0));
          await sys.copyEntries({ source, target, entries: [{ ...whole, tree: digests.tree, digests }], xattrs: true });
          assert.ok(!digests.states.includes(sys.TO_READ));
        },
        copy: () => sys.copyEntries({ source, target, entries: all.map(named), xattrs: true }),
        digest: async () => sys.hashEntries(source, sys.unknownDigests(await sys.walk(source), Buffer.alloc(0))),
      };
      for (const [what, work] of Object.entries(works)) {
        const { calls, bytes } = await readBy(work);
        // The rest is Node's own: its wake-ups are reads too.
        assert.ok(calls >= FILES && calls < 1.2 * FILES, `${what}: ${calls} reads`);
        assert.ok(bytes >= total && bytes < 1.1 * total, `${what}: ${bytes} bytes of ${total}`);
      }
      for (const name of ['f0', 'f999', 'large'])
        assert.equal(readFileSync(join(directory, 'target', name)), readFileSync(join(directory, 'source', name)));
    }));

  test('a file whose status tells no size is copied to its end', () =>
    withFiles(async (_, target, directory) => {
      const kernel = openSync('/proc/sys/kernel', constants.O_RDONLY);
      try {
        await sys.copyEntries({
          source: kernel,
          target,
          entries: [{ ...named('ostype'), uid: process.getuid?.(), gid: process.getgid?.() }],
          xattrs: true,
        });
      } finally {
        closeSync(kernel);
      }
      assert.is(readFileSync(join(directory, 'target/ostype'), 'utf8'), 'Linux\n');
    }));

  test('a plain file that has become something else is refused', () =>
    withFiles(async (source, target, directory) => {
      mkdirSync(join(directory, 'source/directory'));
      symlinkSync('directory', join(directory, 'source/link'));
      for (const [name, code] of [
        ['directory', 'EINVAL'],
        ['link', 'ELOOP'],
        ['nothing', 'ENOENT'],
      ] as const)
        await rejects(sys.copyEntries({ source, target, entries: [named(name)], xattrs: true }), { code });
    }));

  test('permission bits do not depend on the umask', () =>
    withFiles(async (source, target, directory) => {
      const modes = [0o777, 0o666, 0o640, 0o444, 0o400, 0o6755, 0o1644, 0];
      for (const mode of modes) {
        writeFileSync(join(directory, 'source', `m${mode}`), 'x');
        chmodSync(join(directory, 'source', `m${mode}`), mode);
      }
      // One that nobody may read can be copied by root alone.
      const readable = modes.filter((mode) => process.getuid?.() === 0 || (mode & 0o400) !== 0);
      const before = process.umask(0o077);
      try {
        await sys.copyEntries({ source, target, entries: readable.map((mode) => named(`m${mode}`)), xattrs: true });
      } finally {
        process.umask(before);
      }
      assert.equal(
        readable.map((mode) => statSync(join(directory, 'target', `m${mode}`)).mode & 0o7777),
        readable,
      );
    }));
});
