/** Where bytes are put: as many as fit into what `room` gives, from its beginning; then `filled` is told how many those were. */
export interface ByteOutput {
  /** Never empty; the same until `filled`. */
  room(): Uint8Array;
  filled(bytes: number): void;
}

/** For bytes that lie elsewhere already. */
export function copyInto(output: ByteOutput, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const room = output.room();
    const part = bytes.subarray(at, at + room.length);
    room.set(part);
    output.filled(part.length);
    at += part.length;
  }
}
