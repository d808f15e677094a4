import { TsbuildError } from '../errors.js';
import { jsonProblem } from '../json-problem.js';

/** A manifest, index or config that cannot be accepted. */
export class ManifestError extends TsbuildError {
  readonly code = 'MANIFEST_INVALID';
  constructor(
    /** What the document is and where it came from: `manifest of docker.io/library/debian`. */
    readonly subject: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot accept ${subject}: ${problem}`, options);
  }
}

/** A document deeper than this is an attack on whoever reads it next, not an image. */
const MAX_DEPTH = 64;

/**
 * Read JSON that came from outside, refusing what two readers could understand differently: invalid UTF-8, a byte order mark,
 * objects with the same key twice, and numbers beyond all bounds. Members that are `null` are left out, since OCI lets writers put `null` for "absent".
 *
 * @throws {ManifestError} more than `maxBytes`, not UTF-8, not JSON, a key twice, a number too large, or nested too deeply
 * @see https://github.com/advisories/GHSA-77vh-xpmg-72qh
 */
export function parseStrictJson(bytes: Uint8Array, subject: string, maxBytes: number): unknown {
  if (bytes.length > maxBytes) throw new ManifestError(subject, `it has ${bytes.length} bytes and the limit is ${maxBytes}`);
  const text = decodeUtf8(bytes, subject);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ManifestError(subject, 'it is not valid JSON', { cause });
  }
  const problem = jsonProblem(text, MAX_DEPTH);
  if (problem !== undefined) throw new ManifestError(subject, problem);
  return isPlain(value) ? value : withoutNulls(value, subject);
}

let decoder: InstanceType<typeof TextDecoder> | undefined;

function decodeUtf8(bytes: Uint8Array, subject: string): string {
  try {
    decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ManifestError(subject, 'it is not valid UTF-8', { cause });
  }
}

/** Nothing for `withoutNulls` to do. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return true;
  return value !== null && Object.values(value).every(isPlain);
}

/** `1e999` is a number to JSON's grammar; some readers refuse it, and JavaScript's makes it infinite, which cannot be written again. */
function withoutNulls(value: unknown, subject: string): unknown {
  if (Array.isArray(value)) return value.map((member) => withoutNulls(member, subject));
  if (typeof value === 'number' && !Number.isFinite(value)) throw new ManifestError(subject, 'it holds a number that is too large');
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(entries.map(([key, member]) => [key, withoutNulls(member, subject)]));
}
