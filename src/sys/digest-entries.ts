import { loadAddon } from './addon.js';
import type { Fd } from './paths.js';
import type { Tree } from './walk.js';

const DIGEST_BYTES = 32;
const NOTHING = new Uint8Array(0);

/** What is known of the entries of a tree; none is an object. */
export interface EntryDigests {
  readonly tree: Tree;
  /** Path of the directory that the tree is below. */
  readonly directory: Buffer;
  /** 32 bytes for each entry. */
  readonly digests: Buffer;
  /** One for each entry: {@link TO_READ}, {@link KNOWN} or {@link TAKEN}; what has no content is known. */
  readonly states: Uint8Array;
}

export const TO_READ = 0;
export const KNOWN = 1;
/** Known since somebody read the file for another reason. */
export const TAKEN = 2;

/** Nothing is known but what has no content. */
export function unknownDigests(tree: Tree, directory: Buffer): EntryDigests {
  const { length } = tree;
  const known = { tree, directory, digests: Buffer.alloc(length * DIGEST_BYTES), states: new Uint8Array(length) };
  findDigests(known, NOTHING, 0, NOTHING);
  return known;
}

/**
 * Fills in the digests that `records` have of entries whose status is the same: one pass over both, which are in the order of their paths.
 *
 * @param records of the stat cache, whole ones
 * @param at offset of the first record that may be of one of the entries
 * @param used gets a 1 at a sixty-fourth of the offset of each record that is of one of the entries
 * @returns the offset of the first record that is of no entry up to the last one
 */
export function findDigests(known: EntryDigests, records: Uint8Array, at: number, used: Uint8Array): number {
  const { tree, directory, digests, states } = known;
  return loadAddon().findDigests(records, at, used, tree.packed.data, tree.length, directory, digests, states);
}

/**
 * Digests of the files that are to be read: SHA-256 of the content's SHA-256 and of the extended attributes that a copy keeps (`user.*` but
 * `user.overlay.*`, `security.capability`): of each the lengths of name and value as `NAME VALUE `, the name, the value, in the file
 * system's order. Read on several threads. Each path is opened with `dir` as its root: links in its parents stay inside, a link in the last
 * component is refused.
 *
 * @returns the digests of all entries, and the positions of the directories with such attributes among those that are to be read
 * @throws ENOENT, ELOOP (a link), EINVAL (not a regular file), EIO, ... with the path
 */
export async function hashEntries(
  dir: Fd,
  { tree, directory, digests, states }: EntryDigests,
): Promise<{ readonly digests: Buffer; readonly withAttributes: readonly number[] }> {
  if (!states.includes(TO_READ)) return { digests, withAttributes: [] };
  return loadAddon().hashEntries(dir, tree.packed.data, tree.length, directory, digests, states);
}

/**
 * Fills in the digests of files that are to be read, as a copy of the tree gave them: they are {@link TAKEN} then. Of others (replaced by a
 * later entry) the copy has none.
 *
 * @param copied may go on behind those of this tree
 * @returns where that is
 */
export function takeDigests({ tree, digests, states }: EntryDigests, copied: Uint8Array): number {
  return loadAddon().takeDigests(copied, tree.packed.data, tree.length, digests, states);
}

/** Records for the stat cache, of the entries that are not known from before and have not changed since `racyFromNs`. */
export function statRecords({ tree, directory, digests, states }: EntryDigests, racyFromNs: bigint): Buffer {
  return loadAddon().statRecords(tree.packed.data, tree.length, directory, digests, states, racyFromNs);
}

/**
 * The entries from one position to another as a digest over a selection hashes them, without sockets: name, type, mode, owner if wanted,
 * size, device, target of a link, digest of a file.
 */
export function describeEntries(tree: Tree, digests: Uint8Array, owners: boolean, from: number, to: number): Buffer {
  return loadAddon().describeEntries(tree.packed.data, tree.length, digests, owners, from, to);
}
