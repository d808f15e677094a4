import { constants, openSync } from 'node:fs';
import type { SelectedSource } from '../../context/index.js';
import type { LayerEntry } from '../../layers/index.js';
import { type CopyEntry, copyEntries, type Fd, utimensat } from '../../sys/index.js';
import type { UnwrittenFiles } from './seal-layer.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFSOCK = 0o140000;

/**
 * Makes the directories of a copy and leaves its files where they are, for a layer that nobody will run on.
 *
 * @param merged where it is copied to; its upper directory is new
 * @param entries as `copyEntries` takes them; no parent of theirs is a link
 * @param modeOf type bits of what lies at a path of `root`
 * @returns undefined, with nothing done, when two of them have one name
 */
export async function copyDirectories(
  root: Fd,
  merged: Fd,
  entries: Iterable<CopyEntry>,
  modeOf: (path: Buffer) => number,
): Promise<UnwrittenFiles | undefined> {
  const names = new Set<string>();
  const directories: CopyEntry[] = [];
  const files: LayerEntry[] = [];
  for (const entry of entries) {
    const name = nameOf(entry.to);
    if (names.has(name)) return undefined;
    names.add(name);
    const type = modeOf(entry.from) & S_IFMT;
    if (type === S_IFDIR) directories.push(entry);
    else if (type !== S_IFSOCK) files.push({ kind: 'file', ...entry });
  }
  await copyEntries({ source: root, target: merged, entries: directories, xattrs: true });
  // Directories that are not copied themselves would change when a file is made in them, and so come into the layer.
  const copied = new Set(directories.map(({ to }) => nameOf(to)));
  const parents = new Set(files.map(({ to }) => parentOf(nameOf(to))));
  const now = BigInt(Date.now()) * 1_000_000n;
  for (const parent of parents) {
    if (!copied.has(parent)) utimensat(merged, parent === '' ? '.' : Buffer.from(parent, 'latin1'), null, now);
  }
  // The caller's own is closed before the layer is written.
  return { root: openSync(`/proc/self/fd/${root}`, constants.O_RDONLY | constants.O_DIRECTORY), entries: files };
}

/** Type and permission bits of what was selected, by its path. */
export function modesOf(sources: readonly SelectedSource[]): (path: Buffer) => number {
  const modes = new Map<string, number>();
  for (const { path: top, entries } of sources) {
    for (const { path, stat } of entries) modes.set([nameOf(top), nameOf(path)].filter((part) => part !== '').join('/'), stat.mode);
  }
  return (path) => modes.get(nameOf(path)) ?? 0;
}

/** As a string that keeps every byte. */
function nameOf(path: Buffer): string {
  return path.toString('latin1');
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}
