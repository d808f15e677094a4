import { resolveTargetPath, type SelectedSource } from '../../context/index.js';
import type { CopyEntry, CopyTree, Fd } from '../../sys/index.js';
import { DestinationError } from './errors.js';
import { changeMode } from './file-mode.js';
import { isDirectory } from './make-directories.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;
const S_IFREG = 0o100000;
const SLASH = Buffer.from('/');

/** What COPY and ADD say of where and how. */
export interface Placement {
  /** Absolute and cleaned; ends in `/` when it is meant as a directory. */
  readonly destination: string;
  /** More than one source is written: the destination is a directory. */
  readonly several: boolean;
  /** `--parents`. */
  readonly parents: boolean;
  /** Owner of everything copied; undefined: the sources' own. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** `--chmod`: octal digits or symbolic. */
  readonly chmod: string | undefined;
  /** Modification time of everything copied, in seconds since 1970; undefined: the sources' own. */
  readonly timeSeconds?: number | undefined;
}

/** What has to be done in the target root. Paths are relative to it. */
export interface PlacedCopy {
  /** Directories to make first if they are missing, parents included: 0755. */
  readonly directories: readonly string[];
  /** Can be gone through any number of times; the objects are made anew. */
  readonly entries: Iterable<CopyEntry>;
  /** The same, but what a directory holds as one where nothing differs from one entry to the next. */
  readonly parts: Iterable<CopyEntry | CopyTree>;
}

/**
 * Where each source goes. A directory's contents go into the destination; a file goes into it when it is, or is meant as, a directory, and
 * becomes it otherwise. Links in the destination are followed inside the root. With `--parents` the directories above a source are made like
 * those they come from; one that is there keeps its attributes.
 *
 * @param root of the merged file system that is copied into
 * @throws {DestinationError} links in a circle
 */
export function placeCopy(root: Fd, sources: readonly SelectedSource[], placement: Placement): PlacedCopy {
  const { destination, owner, chmod, timeSeconds } = placement;
  const time: Pick<CopyEntry, 'mtimeNs'> = timeSeconds === undefined ? {} : { mtimeNs: BigInt(timeSeconds) * 1_000_000_000n };
  const target = resolveTargetPath(root, Buffer.from(destination));
  if (target === undefined) throw new DestinationError(destination, 'its links lead in a circle');
  const base = join(target.parts);
  const existing = target.stat !== undefined && (target.stat.mode & S_IFMT) === S_IFDIR;
  const asDirectory = existing || destination.endsWith('/') || placement.several || placement.parents;
  const directories = new Set<string>();
  const made = new Set<string>();
  const placed = sources.map((source) => {
    const into = join([base, ...source.parents.map(({ name }) => name)]);
    const parents = source.parents.flatMap(({ path, stat }, depth): CopyEntry[] => {
      const to = join([base, ...source.parents.slice(0, depth + 1).map(({ name }) => name)]);
      if (made.has(text(to)) || isDirectory(root, to)) return [];
      made.add(text(to));
      return [{ from: path, to, ...owner, ...time, ...(chmod === undefined ? {} : { mode: changeMode(stat.mode, chmod) }) }];
    });
    // Named sources keep their name with --parents, a directory too; without it only a file does.
    const named = placement.parents || (!source.isDirectory && asDirectory);
    const to = named ? join([into, source.name]) : into;
    directories.add(text(placement.parents ? base : source.isDirectory ? to : parentOf(to)));
    return { source, parents, to };
  });
  function* entries(): Generator<CopyEntry> {
    for (const { source, parents, to } of placed) {
      yield* parents;
      const [above, below] = [prefixOf(source.path), prefixOf(to)];
      for (const { path, stat } of source.entries) {
        const isItself = path.length === 0;
        // The destination directory of a directory's contents is not the source itself: it keeps, or gets, attributes of its own.
        if (source.isDirectory && isItself && !placement.parents) continue;
        const isLink = (stat.mode & S_IFMT) === S_IFLNK;
        yield {
          from: isItself ? source.path : joined(above, path),
          to: isItself ? to : joined(below, path),
          uid: owner?.uid,
          gid: owner?.gid,
          mtimeNs: time.mtimeNs,
          mode: chmod === undefined || isLink ? undefined : changeMode(stat.mode, chmod),
          isPlainFile: (stat.mode & S_IFMT) === S_IFREG && stat.nlink === 1,
        };
      }
    }
  }
  function* parts(): Generator<CopyEntry | CopyTree> {
    for (const { source, parents, to } of placed) {
      yield* parents;
      const { itself, below } = source.columns;
      const common = { uid: owner?.uid, gid: owner?.gid, mtimeNs: time.mtimeNs, from: source.path, to };
      if (!source.isDirectory || placement.parents) yield { ...common, tree: itself };
      yield { ...common, tree: below };
    }
  }
  const each = { [Symbol.iterator]: entries };
  return {
    directories: [...directories].filter((directory) => directory !== ''),
    entries: each,
    parts: chmod === undefined ? { [Symbol.iterator]: parts } : each,
  };
}

/** What the names below a directory have in front of them. */
function prefixOf(directory: Buffer): Buffer {
  return directory.length === 0 ? directory : Buffer.concat([directory, SLASH]);
}

/** `Buffer.concat` of two, in half the time: it is done twice for every file. */
function joined(prefix: Buffer, path: Buffer): Buffer {
  if (prefix.length === 0) return path;
  const whole = Buffer.allocUnsafe(prefix.length + path.length);
  prefix.copy(whole);
  path.copy(whole, prefix.length);
  return whole;
}

function join(parts: readonly Buffer[]): Buffer {
  const present = parts.filter((part) => part.length > 0);
  return Buffer.concat(present.flatMap((part, index) => (index === 0 ? [part] : [SLASH, part])));
}

function parentOf(path: Buffer): Buffer {
  const slash = path.lastIndexOf(SLASH);
  return slash < 0 ? Buffer.alloc(0) : path.subarray(0, slash);
}

/** As a string that keeps every byte; {@link bytesOf} gives them back. */
function text(path: Buffer): string {
  return path.toString('latin1');
}

export function bytesOf(directory: string): Buffer {
  return Buffer.from(directory, 'latin1');
}
