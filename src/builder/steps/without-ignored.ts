import { closeSync, constants, openSync } from 'node:fs';
import type { Context } from '../../context/index.js';
import type { SnapshotDriver, StorageDriver } from '../../snapshots/index.js';
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  closeFd,
  copyEntries,
  type Fd,
  mknodat,
  O_PATH,
  openat2,
  removeTree,
  statat,
  walk,
} from '../../sys/index.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFCHR = 0o020000;

/** Directories of an overlay, top first, and how to let go of what was made for it. */
export interface FilteredSource {
  readonly lowers: readonly string[];
  readonly close: () => void;
}

/**
 * A directory of the context without what the ignore rules leave out: below a layer of whiteouts. A command sees what a COPY would
 * bring, which is also what its key is made of.
 *
 * @param path of `source` in the context
 * @param options.always an overlay of a directory also where nothing is left out
 * @returns undefined where nothing is left out
 */
export async function withoutIgnored(
  context: Context,
  source: Fd,
  path: string,
  snapshots: SnapshotDriver,
  { always }: { readonly always: boolean },
): Promise<FilteredSource | undefined> {
  const { mode } = statat(source, '', AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  if ((context.ignores !== true && !always) || (mode & S_IFMT) !== S_IFDIR) return undefined;
  const ignored = context.ignores === true ? await ignoredBelow(context, source, path) : [];
  if (ignored.length === 0 && !always) return undefined;
  const lower = `/proc/self/fd/${source}`;
  const layer = await snapshots.prepare([lower]);
  try {
    await writeWhiteouts(layer.upper, source, ignored, snapshots.kind);
  } catch (error) {
    snapshots.discard(layer);
    throw error;
  }
  return { lowers: [layer.upper, lower], close: () => snapshots.discard(layer) };
}

/** Paths below `source`, without what lies below one of them. */
async function ignoredBelow(context: Context, source: Fd, path: string): Promise<Buffer[]> {
  const [selected] = await context.select([path === '' ? '.' : path]);
  const shown = new Set<string>();
  for (const entry of selected?.entries ?? []) {
    // A directory is shown for what is in it, even when it is itself left out.
    for (let name = entry.path.toString('latin1'); name !== '' && !shown.has(name); name = parentOf(name)) shown.add(name);
  }
  const ignored: Buffer[] = [];
  for (const entry of await walk(source)) {
    const name = entry.path.toString('latin1');
    const parent = parentOf(name);
    if (!shown.has(name) && (parent === '' || shown.has(parent))) ignored.push(Buffer.from(entry.path));
  }
  return ignored;
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

/** The directories above look as they do in the source, since an overlay shows those of its topmost layer. */
async function writeWhiteouts(directory: string, source: Fd, ignored: readonly Buffer[], driver: StorageDriver): Promise<void> {
  const parents = new Set<string>();
  for (const path of ignored) for (let name = parentOf(path.toString('latin1')); name !== ''; name = parentOf(name)) parents.add(name);
  const entries = [...parents].sort().map((name) => Buffer.from(name, 'latin1'));
  const target = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const copy = entries.map((path) => ({ from: path, to: path }));
    await copyEntries({ source, target, entries: copy, xattrs: false });
    for (const path of ignored) {
      const name = path.toString('latin1');
      const parent = parentOf(name);
      const folder = openat2(target, parent === '' ? '.' : Buffer.from(parent, 'latin1'), { flags: O_PATH | constants.O_DIRECTORY });
      try {
        const last = Buffer.from(parent === '' ? name : name.slice(parent.length + 1), 'latin1');
        // https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
        if (driver === 'overlay') mknodat(folder, last, S_IFCHR, 0, 0);
        else await removeTree(folder, last);
      } finally {
        closeFd(folder);
      }
    }
    // Each whiteout changes the time of its directory.
    await copyEntries({ source, target, entries: [{ from: Buffer.alloc(0), to: Buffer.alloc(0) }, ...copy], xattrs: false });
  } finally {
    closeSync(target);
  }
}
