import { describeEntries, type Fd } from '../sys/index.js';
import { type ContentDigests, type DigestContentsOptions, digestContents, type ToDigest } from './file-digests.js';
import { HashText } from './hash-text.js';
import { showName } from './name-bytes.js';
import { eachTime, S_IFMT, S_IFREG, S_IFSOCK, type SelectedSource } from './selection.js';

export interface DigestOptions extends DigestContentsOptions {
  /** Owners count: they are kept by a copy from a stage, and replaced by one from the build context. */
  readonly owners: boolean;
  /** Of a directory that is named only what is below it counts, not its own mode and attributes: they are not copied. */
  readonly contentsOnly?: boolean | undefined;
}

/**
 * Digest over what a selection holds: names, types, modes, sizes, link targets, devices, contents and attributes, and owners if wanted.
 * Times and inodes do not count, nor where the tree lies. A symbolic link has no mode of its own.
 *
 * @returns `sha256:` and 64 hexadecimal digits
 */
export async function contentDigest(root: Fd, sources: readonly SelectedSource[], options: DigestOptions): Promise<string> {
  return (await digestSelection(root, sources, options)).digest;
}

/** A selection by its digest, and what it holds one by one. */
export interface DigestedSelection {
  readonly digest: string;
  /** Each is made when its turn comes: a build from the cache has no use for them. */
  entries(): Iterable<DigestedEntry>;
}

export interface DigestedEntry {
  /** Below the root; names that are no UTF-8 as they are shown. */
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  /** Of a regular file the first digits of the digest over its content and attributes, of a link its target, else empty. */
  readonly content: string;
  /** `uid:gid` where owners count, else empty. */
  readonly owner: string;
}

/** As {@link contentDigest}, and the list behind it. */
export async function digestSelection(root: Fd, sources: readonly SelectedSource[], options: DigestOptions): Promise<DigestedSelection> {
  const { owners, contentsOnly = false } = options;
  const trees = sources.map((source) => treesOf(source, contentsOnly));
  const digested = await digestContents(root, trees.flat(), options);
  const hash = new HashText();
  hash.text('tsbuild selection 1\n');
  let next = 0;
  for (const [at, source] of sources.entries()) {
    hash.text(`source ${source.isDirectory ? 'directory' : 'file'} ${lengthed(source.name)} ${source.parents.length}`);
    for (const { name, stat } of source.parents)
      hash.text(`${lengthed(name)} ${stat.mode.toString(8)} ${owners ? `${stat.uid}:${stat.gid}` : ''}`);
    for (const _ of trees[at]!) hashTree(hash, digested[next++]!, owners);
    hash.text('\n');
  }
  return { digest: `sha256:${hash.digest()}`, entries: () => listEntries(digested, owners) };
}

/** Without the source itself where a directory is named for what is in it. */
function treesOf({ path, isDirectory, columns: { itself, below } }: SelectedSource, contentsOnly: boolean): readonly ToDigest[] {
  const trees = contentsOnly && isDirectory ? [below] : isDirectory ? [itself, below] : [itself];
  return trees.map((tree) => ({ tree, directory: path }));
}

/** So many are described at once, in so many times 150 bytes. */
const BATCH = 4096;

function hashTree(hash: HashText, { tree, digests, attributes }: ContentDigests, owners: boolean): void {
  let from = 0;
  const describeTo = (end: number): void => {
    for (; from < end; from = Math.min(from + BATCH, end))
      hash.bytes(describeEntries(tree, digests, owners, from, Math.min(from + BATCH, end)));
  };
  for (const [index, value] of attributes) {
    describeTo(index + 1);
    hash.bytes(value);
  }
  describeTo(tree.length);
}

/** 128 bits: files with the same digits are taken to have the same content. */
const SHOWN_DIGITS = 32;
const DIGEST_BYTES = 32;

function listEntries(digested: readonly ContentDigests[], owners: boolean): Iterable<DigestedEntry> {
  return eachTime(function* () {
    for (const { tree, directory, digests } of digested) {
      const prefix = directory.length === 0 ? '' : `${showName(directory)}/`;
      for (let index = 0; index < tree.length; index++) {
        const { path, mode, size, uid, gid, linkTarget } = tree.at(index);
        if ((mode & S_IFMT) === S_IFSOCK) continue;
        const start = index * DIGEST_BYTES;
        yield {
          path: path.length === 0 ? showName(directory) || '.' : prefix + showName(path),
          mode,
          size: isRegular(mode) ? size : 0,
          content: isRegular(mode)
            ? digests.toString('hex', start, start + SHOWN_DIGITS / 2)
            : linkTarget === undefined
              ? ''
              : `-> ${showName(linkTarget)}`,
          owner: owners ? `${uid}:${gid}` : '',
        };
      }
    }
  });
}

function isRegular(mode: number): boolean {
  return (mode & S_IFMT) === S_IFREG;
}

/** With its length in front, so that no two lists of names look the same. */
function lengthed(name: Buffer): string {
  return `${name.length}:${name.toString('latin1')}`;
}
