/** What a system error means here, and what can be done. From errno(3). */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the address is in use',
  EBUSY: 'it is in use',
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ECONNRESET: 'the other side broke the connection',
  EDQUOT: 'the disk quota is used up: free some space or ask for a larger quota',
  EEXIST: 'it already exists',
  EHOSTUNREACH: 'the host cannot be reached',
  EIO: 'the disk or device reports an input/output error',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files: raise the limit with "ulimit -n"',
  ENAMETOOLONG: 'the name is too long',
  ENFILE: 'too many open files on this machine',
  ENOENT: 'no such file or directory',
  ENOMEM: 'not enough memory',
  ENOSPC: 'no space left on device: free some space there, or use another store with --root DIRECTORY',
  ENOTDIR: 'a part of the path is not a directory',
  ENOTEMPTY: 'the directory is not empty',
  ENOTFOUND: 'the host name cannot be resolved',
  EAI_AGAIN: 'the host name cannot be resolved now',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only: use another store with --root DIRECTORY',
  ETIMEDOUT: 'the connection timed out',
  EXDEV: 'source and destination are on different file systems',
};

/** One sentence for an error of the system, naming its path or host; undefined when `error` is not one. */
export function explainSystemError(error: Error): string | undefined {
  const { code, path, dest, syscall, address, port, hostname } = error as NodeJS.ErrnoException & SystemErrorFields;
  if (typeof code !== 'string' || (typeof syscall !== 'string' && MEANINGS[code] === undefined)) return undefined;
  const meaning = MEANINGS[code] ?? code;
  const place = [path, dest]
    .filter((part) => part !== undefined)
    .map(quotePath)
    .join(' -> ');
  const host = hostname ?? (address === undefined ? undefined : `${address}${port === undefined ? '' : `:${port}`}`);
  const where = place || host;
  return `${syscall ?? 'the system'}${where ? ` ${where}` : ''}: ${meaning}${MEANINGS[code] === undefined ? '' : ` (${code})`}`;
}

interface SystemErrorFields {
  readonly dest?: string | Buffer;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

function quotePath(path: string | Buffer): string {
  return `"${path.toString()}"`;
}
