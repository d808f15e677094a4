import { chmodSync, closeSync, constants, linkSync, mkdirSync, openSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import * as sys from '../../../src/sys/index.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

/** In the order of a walk; `there`, `there/kept` and `way` are in the lower layer, `way` as a link to `there`. */
const ENTRIES = ['gone', 'new', 'new/below', 'new/below/deep', 'new/below/deep/f', 'new/f', 'new/linked', 'there', 'there/f', 'there/kept'];
const THROUGH_LINK = ['way/added', 'way/added/deep', 'way/added/deep/f'];

function write(directory: string, path: string, mode: number): void {
  writeFileSync(join(directory, path), `content of ${path}`);
  chmodSync(join(directory, path), mode);
}

function writeSource(source: string): void {
  for (const path of ['new/below/deep', 'there/kept', 'way/added/deep']) mkdirSync(join(source, path), { recursive: true });
  for (const [path, mode] of [
    ['gone', 0o640],
    ['new/below/deep/f', 0o755],
    ['new/f', 0o600],
    ['there/f', 0o4711],
    ['way/added/deep/f', 0o444],
  ] as const)
    write(source, path, mode);
  linkSync(join(source, 'new/f'), join(source, 'new/linked'));
  for (const [index, path] of [...ENTRIES, ...THROUGH_LINK].reverse().entries()) {
    if (!path.endsWith('f') && path !== 'new/linked' && path !== 'gone') chmodSync(join(source, path), 0o751);
    utimesSync(join(source, path), 1_000_000_000 + index, 1_000_000_000 + index);
  }
}

function writeLower(lower: string): void {
  mkdirSync(join(lower, 'there/kept'), { recursive: true });
  mkdirSync(join(lower, 'gone/tree'), { recursive: true });
  write(lower, 'there/f', 0o600);
  write(lower, 'gone/tree/f', 0o600);
  symlinkSync('there', join(lower, 'way'));
}

function mount(directory: string, name: string): sys.Fd {
  const open = (path: string): sys.Fd => openSync(join(directory, path), constants.O_RDONLY | constants.O_DIRECTORY);
  for (const part of ['upper', 'work']) mkdirSync(join(directory, `${name}-${part}`));
  const fds = [open('lower'), open(`${name}-upper`), open(`${name}-work`)] as const;
  try {
    return sys.mountOverlay({ lowers: [fds[0]], upper: fds[1], work: fds[2], userxattr: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') skip('this user may not mount here');
    throw error;
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** All that a layer is made of, attributes of the overlay included. */
async function describe(directory: string): Promise<string[]> {
  const root = openSync(directory, constants.O_RDONLY);
  try {
    return [...(await sys.walk(root))].map(({ path, mode, uid, gid, size, mtimeNs, nlink, linkTarget }) => {
      const isDirectory = (mode & constants.S_IFMT) === constants.S_IFDIR;
      const fd = sys.openat2(root, path, { flags: sys.O_PATH | constants.O_NOFOLLOW });
      const names = linkTarget === undefined ? sys.listXattrs(fd).map(String).sort() : [];
      // Its value is a file handle, which depends on the inode.
      const attributes = names.map((name) => (name.endsWith('.origin') ? name : `${name}=${sys.getXattr(fd, name)}`));
      closeSync(fd);
      const time = THROUGH_LINK.includes(path.toString()) || ENTRIES.includes(path.toString()) ? mtimeNs : '';
      return `${path} ${mode.toString(8)} ${uid}:${gid} ${isDirectory ? '' : size} ${nlink} ${time} ${linkTarget ?? ''} ${attributes}`;
    });
  } finally {
    closeSync(root);
  }
}

suite('sys copyEntries() onto an overlay', (test) => {
  test('past it or through it, the upper directory is the same', () =>
    withTempDir(async (directory) => {
      for (const name of ['source', 'lower']) mkdirSync(join(directory, name));
      writeSource(join(directory, 'source'));
      writeLower(join(directory, 'lower'));
      const source = openSync(join(directory, 'source'), constants.O_RDONLY);
      const copy = async (name: string, isDirect: boolean): Promise<void> => {
        const target = mount(directory, name);
        const direct = isDirect ? openSync(join(directory, `${name}-upper`), constants.O_RDONLY) : undefined;
        const entries = [...ENTRIES, ...THROUGH_LINK].map((path) => {
          const isPlainFile = isDirect && path.endsWith('f') && path !== 'new/f';
          return { from: Buffer.from(path), to: Buffer.from(path), isPlainFile };
        });
        try {
          await sys.copyEntries({ source, target, entries, xattrs: true, direct });
        } finally {
          closeSync(target);
          if (direct !== undefined) closeSync(direct);
        }
      };
      try {
        await copy('through', false);
        await copy('past', true);
      } finally {
        closeSync(source);
      }
      const [through, past] = [await describe(join(directory, 'through-upper')), await describe(join(directory, 'past-upper'))];
      assert.equal(past, through);
      assert.is(past.filter((line) => line.startsWith('there/added/deep/f 100444 ')).length, 1, past.join('\n'));
    }));
});
