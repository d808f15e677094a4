import { TsbuildError } from '../errors.js';

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
  checkStructure(text, subject);
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

/** Look for repeated keys and the depth. `text` is known to be valid JSON, so only strings and brackets need to be seen. */
function checkStructure(text: string, subject: string): void {
  // One entry per open bracket: the keys seen so far in an object, undefined in an array.
  const open: (Set<string> | undefined)[] = [];
  let expectKey = false;
  for (let index = 0; index < text.length; index++) {
    switch (text[index]) {
      case '{':
        open.push(new Set());
        expectKey = true;
        break;
      case '[':
        open.push(undefined);
        expectKey = false;
        break;
      case '}':
      case ']':
        open.pop();
        expectKey = false;
        break;
      case ',':
        expectKey = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(text, index);
        if (expectKey) addKey(open.at(-1), text.slice(index, end + 1), subject);
        expectKey = false;
        index = end;
        break;
      }
      default:
        break;
    }
    if (open.length > MAX_DEPTH) throw new ManifestError(subject, `it is nested more than ${MAX_DEPTH} levels deep`);
  }
}

function addKey(keys: Set<string> | undefined, literal: string, subject: string): void {
  const key = literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
  if (keys?.has(key)) throw new ManifestError(subject, `the key ${JSON.stringify(key.slice(0, 100))} occurs twice in one object`);
  keys?.add(key);
}

/** Most of a document is in its strings, so they are not gone through in JavaScript. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, index: number): boolean {
  let first = index;
  while (text[first - 1] === '\\') first--;
  return (index - first) % 2 === 1;
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
