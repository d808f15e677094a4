import { createHash } from 'node:crypto';
import type { Fd } from '../sys/index.js';
import { digestFiles, type FileToDigest, xattrsOf } from './file-digests.js';
import { showName } from './name-bytes.js';
import { childPath } from './rooted-path.js';
import { isDirectoryMode, S_IFMT, S_IFREG, type SelectedSource } from './selection.js';
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
  /** Made when it is first asked for: a build from the cache has no use for it. */
  entries(): readonly DigestedEntry[];
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
  const files: FileToDigest[] = [];
  for (const source of sources) {
    for (const entry of source.entries) if (isRegular(entry.stat.mode)) files.push({ path: below(source, entry.path), stat: entry.stat });
  }
  const digests = await digestFiles(root, files, options.cache);
  const hash = createHash('sha256').update('tsbuild selection 1\n');
  let next = 0;
  for (const source of sources) {
    hash.update(`source ${source.isDirectory ? 'directory' : 'file'} ${lengthed(source.name)} ${source.parents.length}`);
    for (const { name, stat } of source.parents)
      hash.update(`${lengthed(name)} ${stat.mode.toString(8)} ${options.owners ? `${stat.uid}:${stat.gid}` : ''}`);
    for (const { path, stat, linkTarget } of source.entries) {
      const owner = options.owners ? `${stat.uid}:${stat.gid}` : '';
      const mode = linkTarget === undefined ? stat.mode : stat.mode & S_IFMT;
      const size = isRegular(stat.mode) ? stat.size : 0;
      hash.update(
        `\nentry ${lengthed(path)} ${mode.toString(8)} ${owner} ${size} ${stat.rdevMajor}:${stat.rdevMinor} ${lengthed(linkTarget ?? Buffer.alloc(0))} `,
      );
      if (isRegular(stat.mode)) hash.update(digests[next++]!);
      else if (isDirectoryMode(stat.mode)) hash.update(xattrsOf(root, below(source, path)));
    }
    hash.update('\n');
  }
  let listed: readonly DigestedEntry[] | undefined;
  const entries = (): readonly DigestedEntry[] => {
    listed ??= listEntries(sources, digests, options.owners);
    return listed;
  };
  return { digest: `sha256:${hash.digest('hex')}`, entries };
}

function withoutItself(source: SelectedSource): SelectedSource {
  return source.isDirectory ? { ...source, entries: source.entries.filter(({ path }) => path.length > 0) } : source;
}

/** 128 bits: files with the same digits are taken to have the same content. */
const SHOWN_DIGITS = 32;

function listEntries(sources: readonly SelectedSource[], digests: readonly Buffer[], owners: boolean): readonly DigestedEntry[] {
  let next = 0;
  return sources.flatMap((source) =>
    source.entries.map(({ path, stat, linkTarget }) => ({
      path: showName(below(source, path)) || '.',
      mode: stat.mode,
      size: isRegular(stat.mode) ? stat.size : 0,
      content: isRegular(stat.mode)
        ? digests[next++]!.toString('hex', 0, SHOWN_DIGITS / 2)
        : linkTarget === undefined
          ? ''
          : `-> ${showName(linkTarget)}`,
      owner: owners ? `${stat.uid}:${stat.gid}` : '',
    })),
  );
}

function isRegular(mode: number): boolean {
  return (mode & S_IFMT) === S_IFREG;
}

function below(source: SelectedSource, path: Buffer): Buffer {
  return path.length === 0 ? source.path : childPath(source.path, path);
}

/** With its length in front, so that no two lists of names look the same. */
function lengthed(name: Buffer): string {
  return `${name.length}:${name.toString('latin1')}`;
}
