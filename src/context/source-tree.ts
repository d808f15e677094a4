import { constants } from 'node:fs';
import {
  closeFd,
  type Fd,
  O_PATH,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  readDirectory,
  type TreeEntry,
  walk,
} from '../sys/index.js';
import { SourceNotFoundError } from './errors.js';
import { applyRules, describeRule, type IgnoreRules, type IgnoreState, mayIncludeBelow, rootState } from './ignore-rules.js';
import { showName } from './name-bytes.js';
import { resolveRealPath } from './real-path.js';
import { childPath, isDotDot, joinParts, splitPath } from './rooted-path.js';
import { isDirectoryMode, S_IFMT, S_IFSOCK, type SelectedEntry, type SelectedSource } from './selection.js';
import { expandWildcards, hasWildcards } from './wildcards.js';

export interface SourceTreeOptions {
  /** For messages: `the build context "/src/app"`. */
  readonly place: string;
  /** Rules over all of the tree (an ignore file). */
  readonly rules?: IgnoreRules | undefined;
}

/** A directory tree that COPY, ADD and mounts read from: the build context, or the root of a stage or an image. */
export class SourceTree {
  constructor(
    /** Borrowed: whoever opened it closes it. */
    readonly root: Fd,
    readonly options: SourceTreeOptions,
  ) {}

  /**
   * What the sources name, in order; a wildcard gives a source per match.
   *
   * @param exclude rules relative to each source (`--exclude`)
   * @throws {SourceNotFoundError} a source that is not there, a wildcard without a match, or nothing left of it by the ignore rules
   */
  async select(sources: readonly string[], exclude?: IgnoreRules): Promise<readonly SelectedSource[]> {
    const selected: SelectedSource[] = [];
    for (const source of sources) selected.push(...(await this.#selectOne(source, exclude)));
    return selected;
  }

  async #selectOne(source: string, exclude: IgnoreRules | undefined): Promise<SelectedSource[]> {
    const bytes = Buffer.from(source);
    if (!hasWildcards(bytes)) return [await this.#read(source, bytes, exclude)];
    const matches = expandWildcards(this.root, bytes);
    if (matches.length === 0) throw new SourceNotFoundError(source, this.options.place, { kind: 'no-match' });
    const found: SelectedSource[] = [];
    let ignored: SourceNotFoundError | undefined;
    for (const match of matches) {
      try {
        found.push(await this.#read(source, match, exclude));
      } catch (error) {
        // A match that the ignore file leaves out is no match; it is an error only if nothing else is there.
        if (!(error instanceof SourceNotFoundError)) throw error;
        ignored ??= error;
      }
    }
    if (found.length === 0) throw ignored ?? new SourceNotFoundError(source, this.options.place, { kind: 'no-match' });
    return found;
  }

  async #read(source: string, path: Buffer, exclude: IgnoreRules | undefined): Promise<SelectedSource> {
    const real = resolveRealPath(this.root, path);
    if (real === undefined) throw this.#missing(source, path);
    const realPath = joinParts(real.parts);
    const state = this.#stateOf(real.parts);
    const isDirectory = isDirectoryMode(real.stat.mode);
    const own: SelectedEntry = { path: Buffer.alloc(0), stat: real.stat };
    const below = isDirectory ? await this.#below(realPath, state, exclude) : [];
    if (state?.excluded === true && below.length === 0) throw this.#ignored(source, state);
    const [kept, pivoted] = splitAtPivot(path);
    const written = pivoted ? kept : splitPath(path);
    return {
      name:
        splitPath(path)
          .filter((part) => !isDotDot(part))
          .at(-1) ?? Buffer.alloc(0),
      path: realPath,
      parents: written.filter((part) => !isDotDot(part)).slice(0, -1),
      isDirectory,
      entries: [own, ...below],
    };
  }

  /** What the ignore rules say of a path, from the top down. */
  #stateOf(parts: readonly Buffer[]): IgnoreState | undefined {
    const { rules } = this.options;
    if (rules === undefined || rules.rules.length === 0) return undefined;
    let state = rootState(rules);
    for (let depth = 1; depth <= parts.length; depth++) state = applyRules(rules, joinParts(parts.slice(0, depth)), state);
    return state;
  }

  async #below(path: Buffer, state: IgnoreState | undefined, exclude: IgnoreRules | undefined): Promise<SelectedEntry[]> {
    if (state === undefined && exclude === undefined) return this.#walkAll(path);
    const filters: Filter[] = [];
    if (state !== undefined)
      filters.push({ rules: this.options.rules!, state, pathOf: (below) => (path.length === 0 ? below : childPath(path, below)) });
    if (exclude !== undefined) filters.push({ rules: exclude, state: rootState(exclude), pathOf: (below) => below });
    const entries: SelectedEntry[] = [];
    this.#walkFiltered(path, Buffer.alloc(0), filters, entries);
    return entries;
  }

  async #walkAll(path: Buffer): Promise<SelectedEntry[]> {
    const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const fd = openat2(this.root, path.length === 0 ? '.' : path, {
      flags,
      resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
    });
    try {
      const entries: SelectedEntry[] = [];
      for (const entry of await walk(fd)) if ((entry.mode & S_IFMT) !== S_IFSOCK) entries.push(selectedEntry(entry.path, entry));
      return entries.sort(byPath);
    } finally {
      closeFd(fd);
    }
  }

  /** Excluded directories are entered only if something below may be included again; they count only if something was. */
  #walkFiltered(source: Buffer, below: Buffer, filters: readonly Filter[], entries: SelectedEntry[]): void {
    const directory = below.length === 0 ? source : source.length === 0 ? below : childPath(source, below);
    for (const entry of readDirectory(this.root, directory)) {
      if ((entry.mode & S_IFMT) === S_IFSOCK) continue;
      const path = childPath(below, entry.path);
      const next = filters.map((filter) => ({ ...filter, state: applyRules(filter.rules, filter.pathOf(path), filter.state) }));
      const excluded = next.some(({ state }) => state.excluded);
      if (!isDirectoryMode(entry.mode)) {
        if (!excluded) entries.push(selectedEntry(path, entry));
        continue;
      }
      if (excluded && next.some(({ state, rules, pathOf }) => state.excluded && !mayIncludeBelow(rules, pathOf(path), state))) continue;
      const before = entries.length;
      entries.push(selectedEntry(path, entry));
      this.#walkFiltered(source, path, next, entries);
      if (excluded && entries.length === before + 1) entries.length = before;
    }
  }

  #missing(source: string, path: Buffer): SourceNotFoundError {
    const { place } = this.options;
    if (leavesRoot(path)) return new SourceNotFoundError(source, place, { kind: 'outside' });
    const parts = splitPath(path);
    const parent = resolveRealPath(this.root, joinParts(parts.slice(0, -1)));
    const wanted = showName(parts.at(-1) ?? Buffer.alloc(0));
    const near =
      parent !== undefined && isDirectoryMode(parent.stat.mode)
        ? nearNames(
            wanted,
            [...readDirectory(this.root, joinParts(parent.parts))].map((entry) => showName(entry.path)),
          )
        : [];
    return new SourceNotFoundError(source, place, { kind: 'missing', near });
  }

  #ignored(source: string, state: IgnoreState): SourceNotFoundError {
    const rule = state.rule === undefined ? 'the ignore file' : describeRule(this.options.rules!, state.rule);
    return new SourceNotFoundError(source, this.options.place, { kind: 'ignored', rule });
  }
}

interface Filter {
  readonly rules: IgnoreRules;
  readonly state: IgnoreState;
  /** The path the rules are about, from the path below the source. */
  readonly pathOf: (below: Buffer) => Buffer;
}

function selectedEntry(path: Buffer, entry: TreeEntry): SelectedEntry {
  return entry.linkTarget === undefined ? { path, stat: entry } : { path, stat: entry, linkTarget: entry.linkTarget };
}

function byPath(a: SelectedEntry, b: SelectedEntry): number {
  return Buffer.compare(a.path, b.path);
}

/** The parts after `/./`, and whether there is one. */
function splitAtPivot(path: Buffer): [readonly Buffer[], boolean] {
  const pivot = path.indexOf('/./');
  return pivot < 0 ? [[], false] : [splitPath(path.subarray(pivot + 3)), true];
}

function leavesRoot(path: Buffer): boolean {
  let depth = 0;
  for (const part of splitPath(path)) {
    depth += isDotDot(part) ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

const MAX_NEAR = 3;

/** Names that differ in case, in their ending, or by a letter or two. */
function nearNames(wanted: string, names: readonly string[]): string[] {
  const close = (name: string): boolean => {
    const [a, b] = [wanted.toLowerCase(), name.toLowerCase()];
    return a === b || a.startsWith(b) || b.startsWith(a) || distance(a, b) <= Math.max(1, Math.floor(a.length / 4));
  };
  return names.filter((name) => name !== wanted && close(name)).slice(0, MAX_NEAR);
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++)
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    previous = current;
  }
  return previous[b.length]!;
}
