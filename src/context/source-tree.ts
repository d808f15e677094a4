import { constants } from 'node:fs';
import {
  closeFd,
  type Fd,
  O_PATH,
  openat2,
  packTree,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  readDirectory,
  type Tree,
  type TreeEntry,
  walk,
} from '../sys/index.js';
import { SourceNotFoundError } from './errors.js';
import { applyRules, describeRule, type IgnoreRules, type IgnoreState, mayIncludeBelow, rootState } from './ignore-rules.js';
import { showName } from './name-bytes.js';
import { resolveRealPath } from './real-path.js';
import { childPath, isDotDot, joinParts, rootedParts, splitPath } from './rooted-path.js';
import { eachTime, isDirectoryMode, S_IFMT, S_IFSOCK, type SelectedEntry, type SelectedParent, type SelectedSource } from './selection.js';
import { expandWildcards, hasWildcards } from './wildcards.js';

export interface SourceTreeOptions {
  /** For messages: `the build context "/src/app"`. */
  readonly place: string;
  /** Rules over all of the tree (an ignore file). */
  readonly rules?: IgnoreRules | undefined;
}

export interface SelectOptions {
  /** Rules relative to each source (`--exclude`). */
  readonly exclude?: IgnoreRules | undefined;
  /** Tell each source's parent directories (`--parents`). */
  readonly parents?: boolean;
  /** There are sources elsewhere: wildcards may leave nothing here. */
  readonly mayBeEmpty?: boolean;
}

/** A directory tree that COPY, ADD and mounts read from: the build context, or the root of a stage or an image. */
export class SourceTree {
  constructor(
    /** Borrowed: whoever opened it closes it. */
    readonly root: Fd,
    readonly options: SourceTreeOptions,
  ) {}

  /**
   * What the sources name, in order; a wildcard gives a source per match, and none beside sources that are there.
   *
   * @throws {SourceNotFoundError} a source without wildcards is not there or left out by the ignore rules, or nothing is there at all
   */
  async select(sources: readonly string[], options: SelectOptions = {}): Promise<readonly SelectedSource[]> {
    const selected: SelectedSource[] = [];
    let unmatched: SourceNotFoundError | undefined;
    for (const source of sources) {
      try {
        selected.push(...(await this.#selectOne(source, options)));
      } catch (error) {
        if (!(error instanceof SourceNotFoundError) || !hasWildcards(Buffer.from(source))) throw error;
        unmatched ??= error;
      }
    }
    if (selected.length === 0 && unmatched !== undefined && options.mayBeEmpty !== true) throw unmatched;
    return selected;
  }

  async #selectOne(source: string, options: SelectOptions): Promise<SelectedSource[]> {
    const bytes = Buffer.from(source);
    if (!hasWildcards(bytes)) return [await this.#read({ source, isMatch: false, ...splitAtPivot(bytes) }, options)];
    const inReach = this.#expand(bytes, (directory) => this.#mayHoldSources(directory));
    // Without a match the excluded directories are searched too: the error names the rule that hides what is meant.
    const matches = inReach.length > 0 ? inReach : this.#expand(bytes, () => true);
    if (matches.length === 0) throw new SourceNotFoundError(source, this.options.place, { kind: 'no-match' });
    const found: SelectedSource[] = [];
    let ignored: SourceNotFoundError | undefined;
    for (const match of matches) {
      try {
        found.push(await this.#read({ source, isMatch: true, ...match }, options));
      } catch (error) {
        // A match that is left out by a rule, or a link that leads nowhere, is no match; it is an error only if nothing else is there.
        if (!(error instanceof SourceNotFoundError)) throw error;
        ignored ??= error;
      }
    }
    if (found.length === 0) throw ignored ?? new SourceNotFoundError(source, this.options.place, { kind: 'no-match' });
    return found;
  }

  /** The matches of a wildcard, each with its own pivot. */
  #expand(pattern: Buffer, enter: (directory: Buffer) => boolean): PivotedPath[] {
    const { base, rest } = splitAtPivot(pattern);
    const bases = base.length === 0 ? [Buffer.alloc(0)] : expandWildcards(this.root, joinParts(base), { enter });
    return bases.flatMap((top) => {
      const depth = splitPath(top).length;
      return expandWildcards(this.root, joinParts(rest), { start: top, enter }).map((path) => {
        const parts = splitPath(path);
        return { base: parts.slice(0, depth), rest: parts.slice(depth) };
      });
    });
  }

  async #read({ source, isMatch, base, rest }: WrittenSource, { exclude, parents }: SelectOptions): Promise<SelectedSource> {
    const written = [...base, ...rest];
    const path = joinParts(written);
    const real = resolveRealPath(this.root, path);
    if (real === undefined) throw this.#missing(source, written);
    const realPath = joinParts(real.parts);
    const isDirectory = isDirectoryMode(real.stat.mode);
    const name = rest.at(-1) ?? base.at(-1) ?? Buffer.alloc(0);
    // A link that is left out is not there, wherever it leads.
    const link = realPath.equals(path) ? undefined : this.#stateOf(written);
    if (link?.excluded === true) throw this.#ignored(source, link);
    // Of a directory that is named, the patterns of --exclude see what is in it; else they see the source by its name.
    const own = exclude === undefined || (isDirectory && !isMatch) ? undefined : applyRules(exclude, name, rootState(exclude));
    if (own?.excluded === true) throw this.#ignored(source, own, exclude);
    const state = this.#stateOf(real.parts);
    const below = isDirectory ? await this.#below(realPath, state, exclude) : EMPTY_TREE;
    if (state?.excluded === true && isNone(below)) throw this.#ignored(source, state);
    const itself = { path: Buffer.alloc(0), stat: real.stat };
    return {
      name,
      path: realPath,
      parents: parents === true ? this.#parentsOf(base, rest.slice(0, -1)) : [],
      isDirectory,
      entries: eachTime(function* () {
        yield itself;
        for (const entry of below) if (!isSocket(entry.mode)) yield selectedEntry(entry.path, entry);
      }),
      columns: { itself: packTree([itself]), below },
    };
  }

  #parentsOf(base: readonly Buffer[], names: readonly Buffer[]): SelectedParent[] {
    return names.flatMap((name, depth) => {
      const real = resolveRealPath(this.root, joinParts([...base, ...names.slice(0, depth + 1)]));
      return real === undefined ? [] : [{ name, path: joinParts(real.parts), stat: real.stat }];
    });
  }

  /** What the ignore rules say of a path, from the top down. */
  #stateOf(parts: readonly Buffer[]): IgnoreState | undefined {
    const { rules } = this.options;
    if (rules === undefined || rules.rules.length === 0) return undefined;
    let state = rootState(rules);
    for (let depth = 1; depth <= parts.length; depth++) state = applyRules(rules, joinParts(parts.slice(0, depth)), state);
    return state;
  }

  /** False for a directory that the ignore rules leave out with all that is below it. */
  #mayHoldSources(directory: Buffer): boolean {
    const state = this.#stateOf(splitPath(directory));
    return state?.excluded !== true || mayIncludeBelow(this.options.rules!, directory, state);
  }

  async #below(path: Buffer, state: IgnoreState | undefined, exclude: IgnoreRules | undefined): Promise<Tree> {
    if (state === undefined && exclude === undefined) return this.#walkAll(path);
    const filters: Filter[] = [];
    if (state !== undefined)
      filters.push({ rules: this.options.rules!, state, pathOf: (below) => (path.length === 0 ? below : childPath(path, below)) });
    if (exclude !== undefined) filters.push({ rules: exclude, state: rootState(exclude), pathOf: (below) => below });
    const entries: SelectedEntry[] = [];
    this.#walkFiltered(path, Buffer.alloc(0), filters, entries);
    // The walk goes folder by folder; the order must not tell whether there are rules, since the digest of the selection depends on it.
    return packTree(entries.sort(byPath));
  }

  /** A walk gives the order of paths by itself. */
  async #walkAll(path: Buffer): Promise<Tree> {
    const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const fd = openat2(this.root, path.length === 0 ? '.' : path, {
      flags,
      resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
    });
    try {
      return await walkOf(fd, path);
    } finally {
      closeFd(fd);
    }
  }

  /** Excluded directories are entered only if something below may be included again; they count only if something was. */
  #walkFiltered(source: Buffer, below: Buffer, filters: readonly Filter[], entries: SelectedEntry[]): void {
    const directory = below.length === 0 ? source : source.length === 0 ? below : childPath(source, below);
    for (const entry of readDirectory(this.root, directory)) {
      if (isSocket(entry.mode)) continue;
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

  #missing(source: string, written: readonly Buffer[]): SourceNotFoundError {
    const { place } = this.options;
    if (leavesRoot(Buffer.from(source))) return new SourceNotFoundError(source, place, { kind: 'outside' });
    const parent = resolveRealPath(this.root, joinParts(written.slice(0, -1)));
    if (parent === undefined || !isDirectoryMode(parent.stat.mode))
      return new SourceNotFoundError(source, place, { kind: 'missing', near: [] });
    const names = [...readDirectory(this.root, joinParts(parent.parts))].map((entry) => showName(entry.path));
    const near = nearNames(showName(written.at(-1) ?? Buffer.alloc(0)), names);
    return new SourceNotFoundError(source, place, { kind: 'missing', near });
  }

  #ignored(source: string, state: IgnoreState, rules: IgnoreRules | undefined = this.options.rules): SourceNotFoundError {
    const { rule } = state;
    if (rules === undefined || rule === undefined) throw new TypeError('A path is excluded by a rule');
    const reason = { kind: 'ignored', rule: describeRule(rules, rule), inFile: rule.line > 0 } as const;
    return new SourceNotFoundError(source, this.options.place, reason);
  }
}

/** A path below the root, split where `--parents` begins to count. */
interface PivotedPath {
  readonly base: readonly Buffer[];
  readonly rest: readonly Buffer[];
}

interface WrittenSource extends PivotedPath {
  /** As the instruction has it. */
  readonly source: string;
  /** Found by a wildcard. */
  readonly isMatch: boolean;
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

const EMPTY_TREE = packTree([]);

function isNone(tree: Tree): boolean {
  for (const { mode } of tree) if (!isSocket(mode)) return false;
  return true;
}

function isSocket(mode: number): boolean {
  return (mode & S_IFMT) === S_IFSOCK;
}

function byPath(a: SelectedEntry, b: SelectedEntry): number {
  return Buffer.compare(a.path, b.path);
}

/** The parts before and after the first `/./`, `..` taken back in each; all of them after it where there is none. */
function splitAtPivot(path: Buffer): PivotedPath {
  const pivot = path.indexOf('/./');
  if (pivot < 0) return { base: [], rest: rootedParts(path) };
  return { base: rootedParts(path.subarray(0, pivot)), rest: rootedParts(path.subarray(pivot + 3)) };
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

/** As `walk`, but errors name paths from the top of the tree. */
async function walkOf(fd: Fd, directory: Buffer): Promise<Tree> {
  try {
    return await walk(fd);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) {
      const { path } = error as { readonly path?: string | Buffer };
      const below = Buffer.from(path ?? '');
      Object.assign(error, { path: below.length === 0 || below.equals(Buffer.from('.')) ? directory : childPath(directory, below) });
    }
    throw error;
  }
}
