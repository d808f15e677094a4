import { closeSync, openSync, readSync } from 'node:fs';
import type { GrowingFile } from './growing-file.js';

/** Bytes from a stream, read once, from a file that is opened by its path, or from one that is still being written. */
export type ByteSource = AsyncIterable<Uint8Array> | { readonly file: string } | { readonly growing: GrowingFile };

export function isFile(source: ByteSource): source is { readonly file: string } {
  return 'file' in source;
}

export function isGrowing(source: ByteSource): source is { readonly growing: GrowingFile } {
  return 'growing' in source;
}

/** As {@link readHead}, as soon as they are there. @throws what has ended the file's growth */
export async function awaitHead({ fd, follow }: GrowingFile, bytes: number): Promise<Uint8Array> {
  await new Promise<void>((resolve, reject) => {
    follow((there) => {
      if (there >= bytes) resolve();
    }).then(resolve, reject);
  });
  const head = Buffer.alloc(bytes);
  return head.subarray(0, readSync(fd, head, 0, bytes, 0));
}

/** The first bytes of a file: `bytes` of them, or all it has. */
export function readHead(file: string, bytes: number): Uint8Array {
  const fd = openSync(file, 'r');
  try {
    const head = Buffer.alloc(bytes);
    let size = 0;
    for (let count = 1; count > 0 && size < bytes; size += count) count = readSync(fd, head, size, bytes - size, size);
    return head.subarray(0, size);
  } finally {
    closeSync(fd);
  }
}

/** The first bytes of a stream, and the stream again with them. */
export async function peek(
  source: AsyncIterable<Uint8Array>,
  bytes: number,
): Promise<{ readonly head: Uint8Array; readonly stream: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  let size = 0;
  while (size < bytes) {
    const next = await iterator.next();
    if (next.done) break;
    taken.push(next.value);
    size += next.value.length;
  }
  return { head: Buffer.concat(taken), stream: rejoin(taken, iterator) };
}

async function* rejoin(taken: readonly Uint8Array[], iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* taken;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
