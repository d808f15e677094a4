import { openSync, writeSync } from 'node:fs';
import type { Terminal } from './terminal.js';

/** Everything goes to standard error: standard output is for a file that a program reads. */
export function onStandardError(terminal: Terminal): Terminal {
  const err = (content: string | Uint8Array): void => terminal.err(content);
  return { out: err, err };
}

/**
 * Everything goes to a file, which is made or emptied. It stays open until the process ends.
 *
 * @throws ENOENT, EACCES, ... with the path
 */
export function toLogFile(path: string): Terminal {
  const fd = openSync(path, 'w', 0o644);
  const write = (content: string | Uint8Array): void => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  };
  return { out: write, err: write };
}
