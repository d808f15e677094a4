import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../errors.js';
import {
  type Digest,
  DigestMismatchError,
  digestAlgorithm,
  digestOf,
  isDigest,
  MAX_MANIFEST_BYTES,
  SizeMismatchError,
  verify,
} from '../image/index.js';
import { sha256Hex } from '../sha256.js';
import { BlobNotFoundError } from './errors.js';
import { blobPath, type Layout } from './layout.js';
import { listNames } from './record-files.js';
import type { Scratch } from './scratch.js';
import { explainingFailure, explainStoreError } from './system-errors.js';

/** How a blob is addressed, and its size in bytes as stored. */
export interface BlobRef {
  readonly digest: Digest;
  readonly size: number;
}

export interface PutOptions {
  readonly signal?: AbortSignal;
  /**
   * Told of the unfinished file: once it is there, with 0 bytes, and whenever it has grown. Not called when the blob is there already or
   * somebody else is writing it.
   */
  readonly onGrowth?: (file: string, bytes: number) => void;
  /** Told of each piece of the content that is in the file: nobody here looks at it any more. */
  readonly onWritten?: (piece: Uint8Array) => void;
}

export interface BlobStore {
  /** True when the blob can be read here; with `size`, only if it has that many bytes. */
  has(digest: Digest, size?: number): boolean;
  /** Every blob there is. */
  list(): readonly Digest[];
  /** Bytes as stored. @throws {BlobNotFoundError} */
  size(digest: Digest): number;
  /** Where the blob is, or would be. The file is read-only and must stay so: it is shared by every image that has it. */
  path(digest: Digest): string;
  /**
   * The blob's bytes, verified while they are read: the iteration throws at its end if they do not hash to `digest`.
   *
   * @throws {BlobNotFoundError} at the first read
   * @throws {DigestMismatchError} the file was damaged
   * @throws {SizeMismatchError} `size` was given and is not the file's
   */
  open(blob: { readonly digest: Digest; readonly size?: number }): AsyncIterable<Uint8Array>;
  /**
   * A whole small blob (manifest, config), verified.
   *
   * @throws {BlobNotFoundError} @throws {DigestMismatchError} @throws {SizeMismatchError} also when it is larger than `maxBytes`
   */
  readAll(blob: { readonly digest: Digest; readonly size?: number }, maxBytes?: number): Uint8Array;
  /**
   * Store `content` under its own digest.
   *
   * When this resolves the blob can be read under the returned digest. That does not mean this call wrote it: if it was there
   * already, or another process won the race, the outcome is the same. A failed or killed write never leaves a partial blob.
   *
   * @param content  the bytes as sent or stored; read once, to the end (not at all if `expected` is there already)
   * @param expected digest and size in bytes to hold the content to; leave out when the content is created here
   * @throws {DigestMismatchError} the bytes do not hash to `expected.digest`
   * @throws {SizeMismatchError} not exactly `expected.size` bytes; reading stops at the first byte too many
   * @throws {StoreFullError} the file system is full; the temporary file is gone when this is thrown
   */
  put(content: AsyncIterable<Uint8Array>, expected?: BlobRef, options?: PutOptions): Promise<BlobRef>;
  /** The same for what is in memory already, a manifest or a config. */
  putBytes(bytes: Uint8Array): Promise<BlobRef>;
  /** Take a finished file of this store's `tempFile()` in by rename. The caller vouches for digest and size: it hashed the bytes while writing. */
  adopt(file: string, blob: BlobRef): void;
  /** A new path (no file yet) in this process's scratch directory; what is left there goes when the store is closed. */
  tempFile(): Promise<string>;
}

/** Bytes handed to one write(2). */
const WRITE_SIZE = 1024 * 1024;

export function openBlobs(layout: Layout, scratch: Scratch): BlobStore {
  const writing = new Map<Digest, Promise<BlobRef>>();
  let files = 0;

  const path = (digest: Digest): string => blobPath(layout, digest);
  const sizeIfThere = (digest: Digest): number | undefined => statSync(path(digest), { throwIfNoEntry: false })?.size;
  // A blob of another size was torn by a power failure: it counts as absent and is written again.
  const has = (digest: Digest, size?: number): boolean => {
    const found = sizeIfThere(digest);
    return found !== undefined && (size === undefined || found === size);
  };
  const size = (digest: Digest): number => {
    const found = sizeIfThere(digest);
    if (found === undefined) throw new BlobNotFoundError(digest, path(digest));
    return found;
  };
  const tempFile = async (): Promise<string> => join(await scratch.dir(), `blob-${files++}`);
  const adopt = (file: string, blob: BlobRef): void => {
    const target = path(blob.digest);
    explainingFailure(target, () => {
      if (has(blob.digest, blob.size)) {
        rmSync(file, { force: true });
        return;
      }
      if (digestAlgorithm(blob.digest) !== 'sha256') mkdirSync(dirname(target), { recursive: true });
      renameSync(file, target);
    });
  };
  /** @param verified what the content has been held to when it ends; left out: it is hashed here */
  const write = async (content: AsyncIterable<Uint8Array>, verified: BlobRef | undefined, options: PutOptions = {}): Promise<BlobRef> => {
    const file = await tempFile();
    try {
      const blob = await writeFile(content, { ...options, file, verified });
      adopt(file, blob);
      return blob;
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
  };

  async function* openUnknown(digest: Digest): AsyncGenerator<Uint8Array> {
    const file = path(digest);
    yield* verify(readFile(file, digest), { digest, size: size(digest) }, `"${file}"`);
  }

  return {
    has,
    list: () => listNames(layout.blobs).flatMap((algorithm) => digestsIn(layout.blobs, algorithm)),
    size,
    path,
    tempFile,
    adopt,
    open(blob) {
      const file = path(blob.digest);
      // Whoever knows the size gets a stream that need not be verified again.
      return blob.size === undefined
        ? openUnknown(blob.digest)
        : verify(readFile(file, blob.digest), { digest: blob.digest, size: blob.size }, `"${file}"`);
    },
    readAll(blob, maxBytes = MAX_MANIFEST_BYTES) {
      const file = path(blob.digest);
      const found = size(blob.digest);
      if (found > maxBytes) throw new SizeMismatchError(maxBytes, found, `"${file}"`);
      if (blob.size !== undefined && found !== blob.size) throw new SizeMismatchError(blob.size, found, `"${file}"`);
      const bytes = readFileSync(file);
      const algorithm = digestAlgorithm(blob.digest);
      const hex = algorithm === 'sha256' ? sha256Hex(bytes) : createHash(algorithm).update(bytes).digest('hex');
      const actual = `${algorithm}:${hex}` as Digest;
      if (actual !== blob.digest) throw new DigestMismatchError(blob.digest, actual, `"${file}"`);
      return bytes;
    },
    async put(content, expected, options) {
      if (expected === undefined) return await write(content, undefined, options);
      // Writers of one blob in this process share the write; if it fails, the next one tries with its own content.
      for (let other = writing.get(expected.digest); other !== undefined; other = writing.get(expected.digest)) {
        await other.catch(() => undefined);
      }
      if (has(expected.digest, expected.size)) return expected;
      const checked = verify(content, expected, `blob ${expected.digest}`);
      const mine = write(checked, expected, options).finally(() => writing.delete(expected.digest));
      writing.set(expected.digest, mine);
      return await mine;
    },
    async putBytes(bytes) {
      const blob = { digest: digestOf(bytes), size: bytes.byteLength };
      if (has(blob.digest, blob.size)) return blob;
      const file = await tempFile();
      try {
        explainingFailure(file, () => writeFileSync(file, bytes, { flag: 'wx', mode: 0o644 }));
        adopt(file, blob);
        return blob;
      } catch (error) {
        rmSync(file, { force: true });
        throw error;
      }
    },
  };
}

async function* readFile(file: string, digest: Digest): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: 256 * 1024 });
  } catch (error) {
    throw hasCode(error, 'ENOENT') ? new BlobNotFoundError(digest, file) : error;
  }
}

async function writeFile(
  content: AsyncIterable<Uint8Array>,
  options: PutOptions & { readonly file: string; readonly verified: BlobRef | undefined },
): Promise<BlobRef> {
  const hash = options.verified === undefined ? createHash('sha256') : undefined;
  let size = 0;
  const { open } = await import('node:fs/promises');
  const handle = await guarded(options.file, () => open(options.file, 'wx', 0o644));
  try {
    options.onGrowth?.(options.file, 0);
    let gathered: Uint8Array[] = [];
    let gatheredBytes = 0;
    const flush = async (): Promise<void> => {
      const chunks = gathered;
      gathered = [];
      gatheredBytes = 0;
      await guarded(options.file, () => writeFully(handle, chunks));
      if (options.onWritten !== undefined) for (const chunk of chunks) options.onWritten(chunk);
      options.onGrowth?.(options.file, size);
    };
    for await (const chunk of content) {
      options.signal?.throwIfAborted();
      hash?.update(chunk);
      size += chunk.byteLength;
      gathered.push(chunk);
      gatheredBytes += chunk.byteLength;
      if (gatheredBytes >= WRITE_SIZE) await flush();
    }
    await flush();
  } finally {
    await handle.close();
  }
  return options.verified ?? { digest: `sha256:${hash?.digest('hex')}` as Digest, size };
}

function digestsIn(blobs: string, algorithm: string): Digest[] {
  const digests = listNames(join(blobs, algorithm)).map((name) => `${algorithm}:${name}`);
  return digests.filter((digest): digest is Digest => isDigest(digest));
}

// writev(2) may write less than it was given, on a nearly full disk for one.
async function writeFully(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const total = chunks.reduce((bytes, chunk) => bytes + chunk.byteLength, 0);
  if (total === 0) return;
  const { bytesWritten } = await handle.writev([...chunks]);
  if (bytesWritten === total) return;
  const rest = Buffer.concat(chunks).subarray(bytesWritten);
  for (let offset = 0; offset < rest.byteLength; ) offset += (await handle.write(rest, offset)).bytesWritten;
}

async function guarded<T>(file: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw explainStoreError(error, file);
  }
}
