/**
 * The code points of a file name. A byte that is not part of valid UTF-8 becomes a code point of its own in the unpaired surrogate range
 * (0xDC80 to 0xDCFF), so two names are equal exactly when their bytes are, and `?` takes one such byte.
 */
export function codePointsOf(name: Uint8Array): number[] {
  const points: number[] = [];
  for (let at = 0; at < name.length; ) {
    const first = name[at] as number;
    const width = first < 0x80 ? 1 : sequenceWidth(name, at, first);
    if (width === 1) {
      points.push(first < 0x80 ? first : 0xdc00 + first);
    } else {
      let point = first & (0x7f >> width);
      for (let next = 1; next < width; next++) point = (point << 6) | ((name[at + next] as number) & 0x3f);
      points.push(point);
    }
    at += width;
  }
  return points;
}

/** Bytes of the valid UTF-8 sequence at `at`; 1 if there is none (RFC 3629 section 4: no overlong forms, no surrogates). */
function sequenceWidth(name: Uint8Array, at: number, first: number): number {
  const width = first >= 0xc2 && first <= 0xdf ? 2 : (first & 0xf0) === 0xe0 ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 1;
  if (at + width > name.length) return 1;
  for (let next = 1; next < width; next++) if (((name[at + next] as number) & 0xc0) !== 0x80) return 1;
  const second = name[at + 1] as number;
  if (first === 0xe0 && second < 0xa0) return 1;
  if (first === 0xed && second > 0x9f) return 1;
  if (first === 0xf0 && second < 0x90) return 1;
  if (first === 0xf4 && second > 0x8f) return 1;
  return width;
}

/** A name as text for messages: control characters and bytes that are not UTF-8 are shown as `\x..`. */
export function showName(name: Uint8Array): string {
  // Almost every name, and there may be very many.
  const plain = Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1');
  if (/^[\x20-\x7e]*$/.test(plain)) return plain;
  let text = '';
  for (const point of codePointsOf(name)) {
    const escaped = point < 0x20 || point === 0x7f || (point >= 0xdc80 && point <= 0xdcff);
    text += escaped ? `\\x${(point & 0xff).toString(16).padStart(2, '0')}` : String.fromCodePoint(point);
  }
  return text;
}
