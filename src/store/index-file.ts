import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { hasCode } from '../errors.js';
import { ANNOTATION_CONTAINERD_NAME, ANNOTATION_REF_NAME, type Descriptor, encodeJson, isDigest, OCI_INDEX } from '../image/index.js';
import { StoreCorruptError } from './errors.js';
import { isObject } from './record-files.js';
import { explainingFailure } from './system-errors.js';

/** An entry of index.json as it stands there, fields unknown to us included. */
export type IndexEntry = Descriptor;

/**
 * The entries of index.json; none if there is no such file.
 * The store's own file, read at every start: checked by hand, so that listing images does not pay for schemas.
 *
 * @throws {StoreCorruptError} it is not the index of an OCI layout
 */
export function readIndex(file: string): readonly IndexEntry[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new StoreCorruptError(file, 'it is not JSON', { cause });
  }
  if (!isObject(value) || !Array.isArray(value.manifests)) throw new StoreCorruptError(file, 'it has no list "manifests"');
  return value.manifests.map((entry: unknown, position) => {
    if (!isEntry(entry)) throw new StoreCorruptError(file, `manifests[${position}] is not a descriptor`);
    return entry;
  });
}

/** Replace index.json in one step. The caller holds index.lock. */
export function writeIndex(file: string, entries: readonly IndexEntry[], options: { readonly sync: boolean }): void {
  const temporary = `${file}.tmp`;
  explainingFailure(file, () => {
    try {
      const fd = openSync(temporary, 'w', 0o644);
      try {
        writeFully(fd, encodeJson({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries }));
        if (options.sync) fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(temporary, file);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/** containerd's annotation is not looked at: tools that move a name away from an entry remove only the specification's. */
export function entryName(entry: IndexEntry): string | undefined {
  return entry.annotations?.[ANNOTATION_REF_NAME];
}

export function namedEntry(descriptor: Descriptor, name: string): IndexEntry {
  const annotations = { ...descriptor.annotations, [ANNOTATION_REF_NAME]: name, [ANNOTATION_CONTAINERD_NAME]: name };
  return { ...descriptor, annotations };
}

export function unnamedEntry(entry: IndexEntry): IndexEntry {
  const { annotations, ...descriptor } = entry;
  const { [ANNOTATION_REF_NAME]: _name, [ANNOTATION_CONTAINERD_NAME]: _containerdName, ...others } = annotations ?? {};
  return Object.keys(others).length === 0 ? descriptor : { ...descriptor, annotations: others };
}

function isEntry(value: unknown): value is IndexEntry {
  return (
    isObject(value) &&
    typeof value.mediaType === 'string' &&
    typeof value.digest === 'string' &&
    isDigest(value.digest) &&
    Number.isSafeInteger(value.size) &&
    (value.annotations === undefined || value.annotations === null || isObject(value.annotations))
  );
}

function writeFully(fd: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.byteLength; ) offset += writeSync(fd, bytes, offset);
}
