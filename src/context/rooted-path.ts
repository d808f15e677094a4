const SLASH = 0x2f;
const DOT = 0x2e;

/** The parts of a path between slashes; empty parts and `.` are left out, `..` is kept. */
export function splitPath(path: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start <= path.length; ) {
    const slash = path.indexOf(SLASH, start);
    const end = slash === -1 ? path.length : slash;
    const part = path.subarray(start, end);
    if (part.length > 0 && !(part.length === 1 && part[0] === DOT)) parts.push(part);
    start = end + 1;
  }
  return parts;
}

export function isDotDot(part: Buffer): boolean {
  return part.length === 2 && part[0] === DOT && part[1] === DOT;
}

/** {@link splitPath} with `..` taken back; one that would leave the root stays at the root. */
export function rootedParts(path: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (const part of splitPath(path)) {
    if (isDotDot(part)) parts.pop();
    else parts.push(part);
  }
  return parts;
}

/** Parts joined by slashes; the empty path is the root itself. */
export function joinParts(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [SLASH_BYTES, part])));
}

/** `parent/name`; `name` alone under the root. */
export function childPath(parent: Buffer, name: Buffer): Buffer {
  return parent.length === 0 ? name : Buffer.concat([parent, SLASH_BYTES, name]);
}

export const SLASH_BYTES: Buffer = Buffer.from('/');

/**
 * The shortest equal path: no empty part, no `.`, no `..` that follows a name; a trailing slash goes, a leading one stays.
 *
 * @see https://pkg.go.dev/path#Clean
 */
export function cleanPath(path: Buffer): Buffer {
  const absolute = path[0] === SLASH;
  const parts: Buffer[] = [];
  for (const part of splitPath(path)) {
    const last = parts.at(-1);
    if (!isDotDot(part) || (!absolute && (last === undefined || isDotDot(last)))) parts.push(part);
    else parts.pop();
  }
  if (absolute) return Buffer.concat([SLASH_BYTES, joinParts(parts)]);
  return parts.length === 0 ? Buffer.from('.') : joinParts(parts);
}
