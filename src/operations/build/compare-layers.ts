import { type ArchiveEntry, readArchiveEntries } from '../../layers/index.js';

/** What of a file is not the same. */
export interface FieldDifference {
  readonly name: 'type' | 'mode' | 'owner' | 'mtime' | 'size' | 'content' | 'target' | 'attributes';
  readonly first: string;
  readonly second: string;
}

/** A file that two layers do not have alike. */
export interface FileDifference {
  readonly path: string;
  readonly kind: 'only-first' | 'only-second' | 'changed';
  /** Empty unless it is `changed`. */
  readonly fields: readonly FieldDifference[];
}

/** The files in which two layers differ, by path. Both are read once, one after the other. */
export async function compareLayers(
  first: AsyncIterable<Uint8Array>,
  second: AsyncIterable<Uint8Array>,
): Promise<readonly FileDifference[]> {
  const before = await entriesByPath(first);
  const after = await entriesByPath(second);
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => compareEntries(path, before.get(path), after.get(path)));
}

async function entriesByPath(tar: AsyncIterable<Uint8Array>): Promise<ReadonlyMap<string, ArchiveEntry>> {
  const entries = new Map<string, ArchiveEntry>();
  for await (const entry of readArchiveEntries(tar)) entries.set(entry.path, entry);
  return entries;
}

function compareEntries(path: string, first: ArchiveEntry | undefined, second: ArchiveEntry | undefined): FileDifference[] {
  if (first === undefined) return [{ path, kind: 'only-second', fields: [] }];
  if (second === undefined) return [{ path, kind: 'only-first', fields: [] }];
  const fields = FIELDS.flatMap(([name, textOf]): FieldDifference[] => {
    const [one, other] = [textOf(first), textOf(second)];
    return one === other ? [] : [{ name, first: one, second: other }];
  });
  return fields.length === 0 ? [] : [{ path, kind: 'changed', fields }];
}

const FIELDS: readonly (readonly [FieldDifference['name'], (entry: ArchiveEntry) => string])[] = [
  ['type', ({ type }) => type],
  ['mode', ({ modeBits }) => modeBits.toString(8).padStart(4, '0')],
  ['owner', ({ uid, gid }) => `${uid}:${gid}`],
  ['mtime', ({ mtimeSeconds }) => new Date(mtimeSeconds * 1000).toISOString().replace('.000Z', 'Z')],
  ['size', ({ sizeBytes }) => String(sizeBytes)],
  ['content', ({ content }) => `sha256:${content.slice(0, 12)}`],
  ['target', ({ target }) => target],
  ['attributes', ({ attributes }) => JSON.stringify(attributes)],
];
