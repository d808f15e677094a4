import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { type TestStore, withTestStore } from './tsbuild.js';

/**
 * All that an attack could change of a tree, one line for each entry: inode, kind and mode, owner, number of names, size, times of content and
 * of attributes, and the content or target itself.
 */
export function stateOf(path: string): string[] {
  const stat = lstatSync(path, { bigint: true });
  const { ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs } = stat;
  const facts = [ino, mode.toString(8), `${uid}:${gid}`, nlink, size, mtimeNs, ctimeNs, contentOf(path, stat)];
  const below = stat.isDirectory() ? readdirSync(path).sort() : [];
  return [`${path} ${facts.join(' ')}`, ...below.flatMap((name) => stateOf(join(path, name)))];
}

function contentOf(path: string, stat: BigIntStats): string {
  if (stat.isSymbolicLink()) return readlinkSync(path);
  return stat.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
}

/** Fails when anything below `directory` is not after `body` what it was before. */
export async function unchanged<T>(directory: string, body: () => Promise<T>): Promise<T> {
  const before = stateOf(directory);
  const result = await body();
  assert.equal(stateOf(directory), before, 'something outside changed');
  return result;
}

/** A store, a build context, and beside them something of the host's that nothing may touch. */
export interface Guarded {
  readonly store: TestStore;
  readonly context: string;
  /** Has the files `secret` (for everybody to read and write, so that only tsbuild is in the way) and `inner/private`, and the link `link` to it. */
  readonly outside: string;
}

/** What files that attacks make outside are called, wherever they get to. */
export const ESCAPED = `tsbuild-escaped-${process.pid}`;

/** Runs `body`; afterwards the outside is as it was, and no folder on the way up to the root holds {@link ESCAPED}. */
export function withGuarded<T>(body: (place: Guarded) => Promise<T>): Promise<T> {
  return withTestStore(async (store) => {
    const [context, outside] = [join(store.directory, 'context'), join(store.directory, 'outside')];
    for (const directory of [context, outside, join(outside, 'inner')]) mkdirSync(directory);
    writeFileSync(join(outside, 'secret'), 'spy:x:666:666:secret:/:/bin/sh\n', { mode: 0o666 });
    writeFileSync(join(outside, 'inner/private'), 'private', { mode: 0o600 });
    symlinkSync('inner/private', join(outside, 'link'));
    const result = await unchanged(outside, () => body({ store, context, outside }));
    for (const folder of [...upFrom(store.root), '/tmp', process.cwd(), context])
      assert.not.ok(existsSync(join(folder, ESCAPED)), `${ESCAPED} was made in ${folder}`);
    return result;
  });
}

function upFrom(path: string): string[] {
  return path === '/' ? ['/'] : [path, ...upFrom(dirname(path))];
}
