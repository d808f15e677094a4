import type { Fd } from '../sys/index.js';
import { readDirectory } from '../sys/index.js';
import { codePointsOf } from './name-bytes.js';
import { compilePattern } from './path-pattern.js';
import { resolveRealPath } from './real-path.js';
import { childPath, joinParts, rootedParts } from './rooted-path.js';
import { isDirectoryMode } from './selection.js';

/** True when a source has to be expanded: it holds a character of Go's filepath.Match. */
export function hasWildcards(path: Buffer): boolean {
  return /[*?[\\]/.test(path.toString('latin1'));
}

export interface ExpandOptions {
  /** Directory below the root that the pattern begins in; the root if left out. */
  readonly start?: Buffer;
  /** Asked before `**` goes into a directory: whether anything below it is wanted. All are entered if left out. */
  readonly enter?: (directory: Buffer) => boolean;
}

/**
 * The paths that match, sorted by bytes. Each component matches one level by Go's filepath.Match; `**` matches any number of levels
 * and, unlike the components that are written out, goes through no link.
 *
 * @returns paths below the root
 * @throws {PatternSyntaxError} a class without end, a backslash at the end
 * @see https://pkg.go.dev/path/filepath#Match
 */
export function expandWildcards(root: Fd, pattern: Buffer, options: ExpandOptions = {}): Buffer[] {
  const { start = Buffer.alloc(0), enter = () => true } = options;
  let found: Buffer[] = [start];
  const parts = rootedParts(pattern);
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    found =
      part.toString('latin1') === '**'
        ? found.flatMap((directory) => descendants(root, directory, { enter, files: isLast }))
        : found.flatMap((directory) => matchesIn(root, directory, part));
  }
  const unique = new Map(found.filter((path) => path.length > 0).map((path) => [path.toString('latin1'), path]));
  return [...unique.values()].sort(Buffer.compare);
}

function matchesIn(root: Fd, directory: Buffer, part: Buffer): Buffer[] {
  if (!hasWildcards(part)) {
    const path = childPath(directory, part);
    return resolveRealPath(root, path) === undefined ? [] : [path];
  }
  const matcher = compilePattern(part, 'component');
  return namesIn(root, directory)
    .filter(({ name }) => matcher.matches(codePointsOf(name)))
    .map(({ name }) => childPath(directory, name));
}

/** The directory itself and every directory below it, and what else is in them if `files` is set. Links are not followed. */
function descendants(root: Fd, directory: Buffer, options: Required<Pick<ExpandOptions, 'enter'>> & { readonly files: boolean }): Buffer[] {
  return [
    directory,
    ...namesIn(root, directory).flatMap(({ name, isDirectory }) => {
      const path = childPath(directory, name);
      if (!isDirectory) return options.files ? [path] : [];
      return options.enter(path) ? descendants(root, path, options) : [];
    }),
  ];
}

function namesIn(root: Fd, directory: Buffer): { readonly name: Buffer; readonly isDirectory: boolean }[] {
  const real = resolveRealPath(root, directory);
  if (real === undefined || !isDirectoryMode(real.stat.mode)) return [];
  return [...readDirectory(root, joinParts(real.parts))].map((entry) => ({
    name: Buffer.from(entry.path),
    isDirectory: isDirectoryMode(entry.mode),
  }));
}
