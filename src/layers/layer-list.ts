/** One entry of a layer that is written from a list instead of a whole directory. */
export interface LayerEntry {
  /** `file`: what lies at `from`, of whatever type, a directory without what it holds. The others hide what is below. */
  readonly kind: 'file' | 'whiteout' | 'opaque';
  /** Below the directory that is read; no link on the way. Of a mark the same as `to`. */
  readonly from: Buffer;
  /** In the layer, without leading or trailing slash. Of a whiteout what it hides, of an opaque mark its directory. */
  readonly to: Buffer;
  /** Permission bits and owner; left out: the file's own. */
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** A list as columns: 50,000 objects would take a worker thread longer to receive than the files take to read. */
export interface PackedList {
  /** FROM NUL TO NUL of each. */
  readonly names: Uint8Array;
  readonly kinds: Uint8Array;
  /** Mode, uid and gid of each; NaN where they are the file's own. */
  readonly numbers: Float64Array;
}

const KINDS = { file: 0, whiteout: 1, opaque: 2 } as const;

export function packList(entries: readonly LayerEntry[]): PackedList {
  const size = entries.reduce((sum, { from, to }) => sum + from.length + to.length + 2, 0);
  // Zeroed, so that every name is ended.
  const names = new Uint8Array(size);
  const kinds = new Uint8Array(entries.length);
  const numbers = new Float64Array(3 * entries.length);
  let at = 0;
  entries.forEach(({ kind, from, to, mode, uid, gid }, index) => {
    names.set(from, at);
    names.set(to, at + from.length + 1);
    at += from.length + to.length + 2;
    kinds[index] = KINDS[kind];
    numbers.set([mode ?? Number.NaN, uid ?? Number.NaN, gid ?? Number.NaN], 3 * index);
  });
  return { names, kinds, numbers };
}
