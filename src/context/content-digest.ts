import type { Fd } from '../sys/index.js';
import { type ContentDigests, digestContents, type ToDigest } from './file-digests.js';
import { HashText } from './hash-text.js';
import { showName } from './name-bytes.js';
import { eachTime, isDirectoryMode, S_IFMT, S_IFREG, type SelectedSource } from './selection.js';
import type { StatCache } from './stat-cache.js';

export interface DigestOptions {
  /** Owners count: they are kept by a copy from a stage, and replaced by one from the build context. */
  readonly owners: boolean;
  /** Of a directory that is named only what is below it counts, not its own mode and attributes: they are not copied. */
  readonly contentsOnly?: boolean | undefined;
  readonly cache?: StatCache | undefined;
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
export async function digestSelection(root: Fd, selected: readonly SelectedSource[], options: DigestOptions): Promise<DigestedSelection> {
  const sources = options.contentsOnly === true ? selected.map(withoutItself) : selected;
  const digests = await digestContents(root, contentsOf(sources), options.cache);
  const hash = new HashText();
  hash.text('tsbuild selection 1\n');
  let next = 0;
  for (const source of sources) {
    hash.text(`source ${source.isDirectory ? 'directory' : 'file'} ${lengthed(source.name)} ${source.parents.length}`);
    for (const { name, stat } of source.parents)
      hash.text(`${lengthed(name)} ${stat.mode.toString(8)} ${options.owners ? `${stat.uid}:${stat.gid}` : ''}`);
    for (const { path, stat, linkTarget } of source.entries) {
      const owner = options.owners ? `${stat.uid}:${stat.gid}` : '';
      const mode = linkTarget === undefined ? stat.mode : stat.mode & S_IFMT;
      const size = isRegular(stat.mode) ? stat.size : 0;
      hash.text(
        `\nentry ${lengthed(path)} ${mode.toString(8)} ${owner} ${size} ${stat.rdevMajor}:${stat.rdevMinor} ${lengthed(linkTarget ?? NO_TARGET)} `,
      );
      if (hasContents(stat.mode)) hash.bytes(digests.at(next++));
    }
    hash.text('\n');
  }
  return { digest: `sha256:${hash.digest()}`, entries: () => listEntries(sources, digests, options.owners) };
}

const NO_TARGET = Buffer.alloc(0);

function withoutItself(source: SelectedSource): SelectedSource {
  if (!source.isDirectory) return source;
  const entries = eachTime(function* () {
    for (const entry of source.entries) if (entry.path.length > 0) yield entry;
  });
  return { ...source, entries };
}

function* contentsOf(sources: readonly SelectedSource[]): Generator<ToDigest> {
  for (const source of sources) {
    const prefix = prefixOf(source);
    for (const { path, stat } of source.entries) {
      if (hasContents(stat.mode))
        yield { path: path.length === 0 ? source.path.toString('latin1') : prefix + path.toString('latin1'), stat };
    }
  }
}

/** 128 bits: files with the same digits are taken to have the same content. */
const SHOWN_DIGITS = 32;

function listEntries(sources: readonly SelectedSource[], digests: ContentDigests, owners: boolean): Iterable<DigestedEntry> {
  return eachTime(function* () {
    let next = 0;
    for (const source of sources) {
      const prefix = Buffer.from(prefixOf(source), 'latin1');
      for (const { path, stat, linkTarget } of source.entries) {
        const digest = hasContents(stat.mode) ? digests.at(next++) : NO_TARGET;
        yield {
          path: showName(path.length === 0 ? source.path : Buffer.concat([prefix, path])) || '.',
          mode: stat.mode,
          size: isRegular(stat.mode) ? stat.size : 0,
          content: isRegular(stat.mode)
            ? digest.toString('hex', 0, SHOWN_DIGITS / 2)
            : linkTarget === undefined
              ? ''
              : `-> ${showName(linkTarget)}`,
          owner: owners ? `${stat.uid}:${stat.gid}` : '',
        };
      }
    }
  });
}

function isRegular(mode: number): boolean {
  return (mode & S_IFMT) === S_IFREG;
}

function hasContents(mode: number): boolean {
  return isRegular(mode) || isDirectoryMode(mode);
}

/** What the paths of a source's entries have in front of them, as latin1. */
function prefixOf({ path }: SelectedSource): string {
  return path.length === 0 ? '' : `${path.toString('latin1')}/`;
}

/** With its length in front, so that no two lists of names look the same. */
function lengthed(name: Buffer): string {
  return `${name.length}:${name.toString('latin1')}`;
}
