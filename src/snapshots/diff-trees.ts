import type { LayerEntry } from '../layers/index.js';
import type { TreeEntry } from '../sys/index.js';
import type { TreeNotes } from './tree-notes.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFSOCK = 0o140000;

export interface TreesToCompare {
  /** What the copy was made from. */
  readonly before: Iterable<TreeEntry>;
  /** The copy as it is now; parents before what they hold. */
  readonly after: Iterable<TreeEntry>;
  /** Of the copy, from when it was made. */
  readonly notes: TreeNotes;
  /** Whether the attributes of the directory at `path` differ between the two. Asked only where something changed it. */
  readonly attributesDiffer: (path: Buffer) => boolean;
}

/**
 * What an overlay would have collected in its upper directory: everything that was written, the directories above it, and marks for what
 * is gone.
 *
 * A file is unchanged when it is the very file of `before`, or when it stayed in its directory and was not changed since the copy was
 * made. A directory that is not the one that was copied was made or moved here: it hides what was there, and all it holds is new.
 */
export function diffTrees({ before, after, notes, attributesDiffer }: TreesToCompare): LayerEntry[] {
  const old = new Map<string, TreeEntry>();
  for (const entry of before) old.set(nameOf(entry.path), entry);
  const found = new Set<string>();
  /** Directories that show what is below them. */
  const merged = new Set(['']);
  const changed = new Map<string, LayerEntry>();
  const add = (entry: TreeEntry): void => {
    const own = nameOf(entry.path);
    changed.set(own, { kind: 'file', from: entry.path, to: entry.path });
  };
  const marks: LayerEntry[] = [];
  const touchedDirectories = new Set<string>();
  const directories = new Map<string, TreeEntry>();

  for (const entry of after) {
    const name = nameOf(entry.path);
    const parent = parentOf(name);
    found.add(name);
    const earlier = old.get(name);
    const stayed = merged.has(parent);
    if (isDirectory(entry)) {
      directories.set(name, entry);
      const same = stayed && earlier !== undefined && isDirectory(earlier) && notes.directories.get(name) === entry.ino;
      if (same) merged.add(name);
      if (same && !directoryDiffers(earlier, entry, notes, attributesDiffer)) continue;
      add(entry);
      if (!same && stayed && earlier !== undefined && isDirectory(earlier))
        marks.push({ kind: 'opaque', from: entry.path, to: entry.path });
    } else {
      if ((entry.mode & S_IFMT) === S_IFSOCK) continue;
      const same =
        stayed &&
        earlier !== undefined &&
        !isDirectory(earlier) &&
        ((earlier.ino === entry.ino && earlier.dev === entry.dev) || entry.ctimeNs <= notes.unchangedUntilNs);
      if (same) continue;
      add(entry);
    }
    touchedDirectories.add(parent);
  }
  for (const [name, entry] of old) {
    const parent = parentOf(name);
    if (found.has(name) || !merged.has(parent)) continue;
    marks.push({ kind: 'whiteout', from: entry.path, to: entry.path });
    touchedDirectories.add(parent);
  }
  // As an overlay copies up the directories above whatever it copies up.
  for (const touched of touchedDirectories) {
    for (let name = touched; name !== '' && !changed.has(name); name = parentOf(name)) add(directories.get(name)!);
  }
  return [...changed.values(), ...marks];
}

function directoryDiffers(
  earlier: TreeEntry,
  now: TreeEntry,
  notes: TreeNotes,
  attributesDiffer: TreesToCompare['attributesDiffer'],
): boolean {
  const { mode, uid, gid, mtimeNs } = now;
  if (mode !== earlier.mode || uid !== earlier.uid || gid !== earlier.gid || mtimeNs !== earlier.mtimeNs) return true;
  return now.ctimeNs > notes.unchangedUntilNs && attributesDiffer(now.path);
}

function isDirectory(entry: TreeEntry): boolean {
  return (entry.mode & S_IFMT) === S_IFDIR;
}

/** As a string that keeps every byte. */
function nameOf(path: Buffer): string {
  return path.toString('latin1');
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}
