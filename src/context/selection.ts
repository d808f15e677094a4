import type { Stat, Tree } from '../sys/index.js';

/** What one source of a COPY names, after wildcards, links and ignore rules. */
export interface SelectedSource {
  /** The last name of the source as it was found before links were followed: what a copy of it is called. Empty for the root. */
  readonly name: Buffer;
  /** Real path below the root. */
  readonly path: Buffer;
  /** With `--parents`: the directories above the source as written, from the top or from the `/./` pivot; none without it. */
  readonly parents: readonly SelectedParent[];
  readonly isDirectory: boolean;
  /** The source itself first (its path is empty), then, for a directory, what is below it: sorted, parents first. */
  readonly entries: SelectedEntries;
  /** The same for calls of the addon: the source itself (its path is empty), and what is below it, with sockets, which are no part of it. */
  readonly columns: { readonly itself: Tree; readonly below: Tree };
}

/** Can be gone through any number of times. Of a large tree each object is made when its turn comes, and kept by nobody. */
export type SelectedEntries = Iterable<SelectedEntry>;

/** What `make` gives, made anew each time somebody goes through it. */
export function eachTime<T>(make: () => Iterator<T>): Iterable<T> {
  return { [Symbol.iterator]: make };
}

/** A directory that is copied only because a source lies in it. */
export interface SelectedParent {
  readonly name: Buffer;
  /** Real path below the root. */
  readonly path: Buffer;
  readonly stat: EntryStat;
}

export interface SelectedEntry {
  /** Relative to the source's path. */
  readonly path: Buffer;
  readonly stat: EntryStat;
  readonly linkTarget?: Buffer;
}

/** The part of a file's status that a copy or a digest looks at. */
export type EntryStat = Pick<
  Stat,
  'mode' | 'uid' | 'gid' | 'size' | 'mtimeNs' | 'ctimeNs' | 'dev' | 'ino' | 'nlink' | 'rdevMajor' | 'rdevMinor'
>;

export const S_IFMT = 0o170000;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
export const S_IFSOCK = 0o140000;

export function isDirectoryMode(mode: number): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}
