import { createHash } from 'node:crypto';

/** sha256 in hexadecimal digits. */
export type Sha256 = (data: string | Uint8Array) => string;

let implementation: Sha256 = (data) => createHash('sha256').update(data).digest('hex');

/**
 * sha256 of a text (as UTF-8) or of a few bytes, in hexadecimal digits; what comes in pieces is for node:crypto.
 *
 * A function of its own because loading node:crypto takes three milliseconds, as long as all that a small command does: once the native
 * addon is loaded, it answers. Free to all folders, the pure ones too: which of the two computes a digest cannot be told from it.
 */
export function sha256Hex(data: string | Uint8Array): string {
  return implementation(data);
}

/** From now on {@link sha256Hex} is what `sha256` answers. For `sys`, which loads the addon. */
export function computeSha256By(sha256: Sha256): void {
  implementation = sha256;
}
