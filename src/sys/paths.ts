/**
 * A path as the kernel sees it: a string is taken as UTF-8, a `Buffer` is raw bytes (file names need not be UTF-8).
 * Neither may contain a NUL byte.
 */
export type Path = string | Buffer;

/** A number of an open file descriptor of this process. Whoever opened it closes it with `closeFd`. */
export type Fd = number;

/** The path as bytes. */
export function pathBytes(path: Path): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : path;
}
