import { loadAddon } from './addon.js';
import { type EntryDigests, takeDigests } from './digest-entries.js';
import type { Fd } from './paths.js';
import type { Tree } from './walk.js';

/** One file, directory, link, fifo or device to copy, without what a directory holds. What is left out is taken from the source. */
export interface CopyEntry {
  /** Path with the source directory as its root: links in its parents stay inside, a link is copied as a link. Empty means the source itself. */
  readonly from: Buffer;
  /** Path in the target root: links in its parents are followed inside the root, the last component is not. Empty means the root itself. */
  readonly to: Buffer;
  /** Permission bits, without type. */
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Nanoseconds since 1970. */
  readonly mtimeNs?: bigint | undefined;
  /** The caller has seen that it is a regular file with one name: nobody looks again before it is copied. */
  readonly isPlainFile?: boolean | undefined;
}

/** All entries of a tree, without its sockets: of tens of thousands no object each is worth making. */
export interface CopyTree extends Pick<CopyEntry, 'uid' | 'gid' | 'mtimeNs'> {
  readonly tree: Tree;
  /** The directory of the source that the tree is below; empty: the source itself. */
  readonly from: Buffer;
  /** The directory of the target it comes into; empty: the root itself. */
  readonly to: Buffer;
  /** Digests of its files: those that are still to be read are filled in from the bytes that are copied, as `hashEntries` would. */
  readonly digests?: EntryDigests | undefined;
}

export interface CopyPlan {
  readonly source: Fd;
  /** Root directory of the target, for instance a detached overlay mount. */
  readonly target: Fd;
  /** Parents before what they hold; parents that are not listed must exist in the target. */
  readonly entries: Iterable<CopyEntry | CopyTree>;
  /** Owner of every entry that names none itself. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** Permission bits that may be set; 0o7777 by default. */
  readonly modeMask?: number | undefined;
  /** Copy `user.*` (except `user.overlay.*`) and `security.capability`. */
  readonly xattrs: boolean;
  /** With `xattrs`: also what overlays have marked, and recorded owners as records. The copy of an overlay's layer is one itself. */
  readonly verbatim?: boolean | undefined;
  /**
   * A tree on the same mount as the target, in which nothing is ever written to in place: entries become further names of its files of the
   * same path (`to`) where `isSame` vouches for the content and the attributes, and size, mode, owner and time are those wanted.
   */
  readonly earlier?: { readonly root: Fd; isSame(entry: CopyEntry): boolean } | undefined;
  /**
   * The upper directory of the overlay that `target` is: files are made there without going through the overlay, which is faster. Nothing
   * may be looked up through `target` afterwards.
   */
  readonly direct?: Fd | undefined;
}

/**
 * Copy entries from one tree into another.
 *
 * Afterwards each target has the type, content, mode, owner and modification time (to the nanosecond) of its source or of its
 * entry. A directory that is there stays and gets the metadata; anything else in the way is replaced, a directory by a file too.
 * Files that are hard links of each other within the call are so in the target; holes stay holes; sockets are left out. An owner
 * that this user namespace cannot represent is recorded in the attribute `user.containers.override_stat` as `uid:gid:0mode`,
 * and so is a device that cannot be made (an empty file stands in for it: `uid:gid:0mode:char-MAJOR-MINOR` or `block-`).
 * The result does not depend on the number of threads. After an error some entries may be there.
 *
 * @throws ENOENT, EACCES, ENOSPC, ... with the path in the source or in the target
 */
export async function copyEntries(plan: CopyPlan): Promise<void> {
  const { source, target, modeMask = 0o7777, xattrs, earlier, direct, verbatim = false } = plan;
  const { names, numbers, times, flags, wanted } = packEntries(plan);
  const addon = loadAddon();
  const copied = await addon.copyEntries(source, target, names, numbers, times, flags, modeMask, xattrs, earlier?.root, direct, verbatim);
  if (copied === undefined) return;
  for (const { at, digests } of wanted) takeDigests(digests, copied.subarray(DIGEST_BYTES * at));
}

const DIGEST_BYTES = 32;

const HAS_TIME = 1;
const MAY_LINK = 2;
const IS_PLAIN = 4;

/** As columns: of 50,000 entries no object and no Buffer is kept. */
interface PackedCopies {
  /** FROM NUL TO NUL of each. */
  readonly names: Uint8Array;
  /** Mode, uid and gid of each; NaN where the source's own is meant. */
  readonly numbers: Float64Array;
  readonly times: BigInt64Array;
  readonly flags: Uint8Array;
  /** Trees whose files want a digest, with the position of their first entry. */
  readonly wanted: readonly { readonly at: number; readonly digests: EntryDigests }[];
}

function packEntries({ entries, owner, earlier }: CopyPlan): PackedCopies {
  const columns = new GrowingColumns();
  const wanted: { readonly at: number; readonly digests: EntryDigests }[] = [];
  for (const entry of entries) {
    const { mtimeNs } = entry;
    const [uid, gid] = [entry.uid ?? owner?.uid ?? Number.NaN, entry.gid ?? owner?.gid ?? Number.NaN];
    const timeFlag = mtimeNs === undefined ? 0 : HAS_TIME;
    if ('tree' in entry) {
      const { tree, from, to, digests } = entry;
      const { names, flags } = loadAddon().nameCopies(tree.packed.data, tree.length, from, to, digests?.states);
      if (digests !== undefined) wanted.push({ at: columns.count, digests });
      columns.add(names, [Number.NaN, uid, gid], mtimeNs ?? 0n, flags, timeFlag);
      continue;
    }
    const flags = timeFlag | (earlier?.isSame(entry) === true ? MAY_LINK : 0) | (entry.isPlainFile === true ? IS_PLAIN : 0);
    const names = Buffer.concat([entry.from, NUL, entry.to, NUL]);
    columns.add(names, [entry.mode ?? Number.NaN, uid, gid], mtimeNs ?? 0n, ONE, flags);
  }
  return { ...columns.take(), wanted };
}

const NUL = Buffer.alloc(1);
/** The flags of one entry, none set. */
const ONE = Buffer.alloc(1);

class GrowingColumns {
  #names = Buffer.allocUnsafe(4096);
  #nameBytes = 0;
  #numbers = new Float64Array(3 * 64);
  #times = new BigInt64Array(64);
  #flags = new Uint8Array(64);
  #count = 0;

  /** As many entries as `flags` is long, of the same numbers and time; `flag` is set for each. */
  add(names: Uint8Array, [mode, uid, gid]: readonly [number, number, number], time: bigint, flags: Uint8Array, flag: number): void {
    const [start, end] = [this.#count, this.#count + flags.length];
    this.#reserve(end, this.#nameBytes + names.length);
    this.#names.set(names, this.#nameBytes);
    this.#nameBytes += names.length;
    this.#times.fill(time, start, end);
    for (let at = start; at < end; at++) {
      this.#numbers[3 * at] = mode;
      this.#numbers[3 * at + 1] = uid;
      this.#numbers[3 * at + 2] = gid;
      this.#flags[at] = flags[at - start]! | flag;
    }
    this.#count = end;
  }

  get count(): number {
    return this.#count;
  }

  take(): Omit<PackedCopies, 'wanted'> {
    return {
      names: this.#names.subarray(0, this.#nameBytes),
      numbers: this.#numbers.subarray(0, 3 * this.#count),
      times: this.#times.subarray(0, this.#count),
      flags: this.#flags.subarray(0, this.#count),
    };
  }

  #reserve(count: number, nameBytes: number): void {
    if (nameBytes > this.#names.length)
      this.#names = Buffer.concat([this.#names.subarray(0, this.#nameBytes)], Math.max(2 * this.#names.length, nameBytes));
    if (count <= this.#flags.length) return;
    const room = Math.max(2 * this.#flags.length, count);
    const [numbers, times, flags] = [this.#numbers, this.#times, this.#flags];
    this.#numbers = new Float64Array(3 * room);
    this.#numbers.set(numbers);
    this.#times = new BigInt64Array(room);
    this.#times.set(times);
    this.#flags = new Uint8Array(room);
    this.#flags.set(flags);
  }
}
