import { posix } from 'node:path';

/** `path` made absolute from `workingDirectory` and cleaned, without a slash at the end. */
export function absolutePath(workingDirectory: string, path: string): string {
  const joined = posix.join('/', posix.isAbsolute(path) ? path : `${workingDirectory}/${path}`);
  return joined.length > 1 && joined.endsWith('/') ? joined.slice(0, -1) : joined;
}

/** Like {@link absolutePath}; keeps a slash at the end of what is written as a directory: `x/`, `x/.`, `.`, `..`. */
export function copyDestination(workingDirectory: string, path: string): string {
  const absolute = absolutePath(workingDirectory, path);
  return /(^|\/)\.{0,2}$/.test(path) && absolute !== '/' ? `${absolute}/` : absolute;
}
