import { TsbuildError } from '../errors.js';
import { sha256Hex } from '../sha256.js';

/** `algorithm:hex` of bytes as stored or sent (a compressed layer, a manifest, a config). */
export type Digest = string & { readonly brand: 'Digest' };
/** `sha256:hex` of a layer's uncompressed tar stream. */
export type DiffId = string & { readonly brand: 'DiffId' };
/** `sha256:hex` over a tree without its mtimes; never leaves the store and the cache. */
export type ContentDigest = string & { readonly brand: 'ContentDigest' };

export class DigestSyntaxError extends TsbuildError {
  readonly code = 'MANIFEST_INVALID';
  constructor(readonly text: string) {
    super(`Invalid digest ${JSON.stringify(text.slice(0, 200))}: expected sha256 or sha512 and its lower-case hexadecimal digits`);
  }
}

// The two algorithms that image-spec registers; the length is part of the syntax, so a digest is safe as a file name.
const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/**
 * @throws {DigestSyntaxError} anything but `sha256:` and 64, or `sha512:` and 128, lower-case hexadecimal digits
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new DigestSyntaxError(text);
  return text;
}

/** @throws {DigestSyntaxError} as {@link parseDigest}; only sha256 is used for diff ids */
export function parseDiffId(text: string): DiffId {
  if (!isDigest(text)) throw new DigestSyntaxError(text);
  return text as string as DiffId;
}

/** The hexadecimal digits of a digest, without its algorithm. */
export function digestHex(digest: Digest | DiffId | ContentDigest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

export function digestAlgorithm(digest: Digest | DiffId): 'sha256' | 'sha512' {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** sha256 of `bytes` as a digest. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${sha256Hex(bytes)}` as Digest;
}

/** Every string that is a digest, at any depth of a JSON value. */
export function digestsIn(value: unknown): Digest[] {
  if (typeof value === 'string') return isDigest(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(digestsIn) : [];
}
