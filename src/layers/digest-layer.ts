import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type DiffId, type Digest, DigestMismatchError } from '../image/index.js';
import { readHead } from './byte-source.js';
import { compressionOf, decompress, MAGIC_BYTES } from './compression.js';
import { runJob } from './worker-pool.js';

/**
 * Make sure that a blob is what its diff id says, without extracting it. The main thread stays free.
 *
 * @param file the blob as stored; its own digest is not looked at
 * @returns bytes of the uncompressed tar
 * @throws {DigestMismatchError} it is another layer
 * @throws {ArchiveInvalidError} it cannot be decompressed
 */
export async function verifyDiffId(file: string, diffId: DiffId, { signal }: { readonly signal?: AbortSignal } = {}): Promise<number> {
  const { digest, bytes } = await digestOf(file, signal);
  const actual = `sha256:${digest}` as Digest;
  if (actual !== (diffId as string)) throw new DigestMismatchError(diffId as string as Digest, actual, 'an uncompressed layer');
  return bytes;
}

async function digestOf(file: string, signal: AbortSignal | undefined): Promise<{ readonly digest: string; readonly bytes: number }> {
  const compression = compressionOf(readHead(file, MAGIC_BYTES));
  if (compression !== 'bzip2' && compression !== 'xz') {
    const result = await runJob({ kind: 'digest', file, compression }, { signal });
    if (result.kind !== 'digested') throw new TypeError(`A digest job gave "${result.kind}"`);
    return result;
  }
  // No worker decompresses these; their programs do.
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of decompress(createReadStream(file), compression)) {
    signal?.throwIfAborted();
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { digest: hash.digest('hex'), bytes };
}
