import type { Integrity } from 'ssri';
import { TsbuildError } from '../errors.js';
import { type Digest, digestAlgorithm } from './digest.js';

/** Bytes that are not the ones their digest promises. */
export class DigestMismatchError extends TsbuildError {
  readonly code = 'DIGEST_MISMATCH';
  constructor(
    readonly expected: Digest,
    readonly actual: Digest,
    /** Where the bytes came from, for people: `registry.example.com/app`. */
    readonly origin: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot accept content from ${origin}: expected ${expected}, got ${actual}`, {
      ...options,
      hint: 'The content was changed or damaged on its way or where it is kept; nothing of it was stored',
    });
  }
}

/** More or fewer bytes than the descriptor says. */
export class SizeMismatchError extends TsbuildError {
  readonly code = 'SIZE_MISMATCH';
  constructor(
    readonly expectedBytes: number,
    /** Bytes seen; when there are too many, reading stopped and this is only a lower bound. */
    readonly actualBytes: number,
    readonly origin: string,
    options?: ErrorOptions,
  ) {
    const found = actualBytes > expectedBytes ? 'more' : `only ${actualBytes}`;
    super(`Cannot accept content from ${origin}: expected ${expectedBytes} bytes, got ${found}`, options);
  }
}

/** What bytes from outside are held to. */
export interface ExpectedContent {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/**
 * THE door for bytes from outside: pass `content` on, chunk by chunk, and fail at its end unless it is exactly what was expected.
 * A consumer must treat what it received as worthless until the iteration has ended well. Nothing is buffered, and nothing is
 * allocated by the announced size. A stream that comes out of this door already, with the same expectation, is given back as it is: bytes
 * that pass several hands are hashed once.
 *
 * @param content read once; closed when the consumer stops early or a check fails
 * @param origin for error messages
 * @throws {SizeMismatchError} at the first byte too many, or at an early end
 * @throws {DigestMismatchError} the right number of bytes with another digest
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#verification
 */
export function verify(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  expected: ExpectedContent,
  origin: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (isVerified(content, expected)) return content;
  const checked = check(content, expected, origin);
  promised.set(checked, expected);
  return checked;
}

/** What each stream that came through the door will have been held to when it ends. */
const promised = new WeakMap<object, ExpectedContent>();

/** Whether an iteration of `content` that ends well has brought just what is expected, because it comes out of {@link verify}. */
export function isVerified(content: object, expected: ExpectedContent): content is AsyncGenerator<Uint8Array, void, undefined> {
  const promise = promised.get(content);
  return promise !== undefined && promise.digest === expected.digest && promise.size === expected.size;
}

async function* check(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  expected: ExpectedContent,
  origin: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const algorithm = digestAlgorithm(expected.digest);
  // Loaded with the first bytes from outside: it brings Node's streams along, which a look at the store does without.
  const { default: ssri } = await import('ssri');
  const hash = ssri.create({ algorithms: [algorithm] });
  let seenBytes = 0;
  for await (const chunk of content) {
    seenBytes += chunk.length;
    if (seenBytes > expected.size) throw new SizeMismatchError(expected.size, seenBytes, origin);
    hash.update(chunk);
    yield chunk;
  }
  if (seenBytes < expected.size) throw new SizeMismatchError(expected.size, seenBytes, origin);
  // @types/ssri says this is node:crypto's Hash; it is ssri's own, whose digest() gives an Integrity.
  const integrity = hash.digest() as unknown as Integrity;
  const actual = `${algorithm}:${integrity.hexDigest()}` as Digest;
  if (actual !== expected.digest) throw new DigestMismatchError(expected.digest, actual, origin);
}

/**
 * Read all of a small document through {@link verify}.
 * @param maxBytes refused before reading when the descriptor announces more
 * @throws {SizeMismatchError} {DigestMismatchError} as {@link verify}
 */
export async function readVerified(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  expected: ExpectedContent,
  options: { readonly origin: string; readonly maxBytes: number },
): Promise<Uint8Array> {
  if (expected.size > options.maxBytes) throw new SizeMismatchError(options.maxBytes, expected.size, options.origin);
  const chunks: Uint8Array[] = [];
  for await (const chunk of verify(content, expected, options.origin)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
