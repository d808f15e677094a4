import { existsSync, rmdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { isDigest } from '../image/index.js';
import type { Layout } from './layout.js';
import { isObject, listNames, readRecord, writeRecord } from './record-files.js';
import type { Scratch } from './scratch.js';

/** The cached outcome of one build step. */
export interface StepRecord {
  /** `sha256:hex` over everything of the step but its parent's content. */
  readonly definition: string;
  /** `sha256:hex` of the parent's content. */
  readonly parent: string;
  /** Named inputs of the key (`run.text`, `env.PATH`, `context:src/a.ts`, ...), each with its digest; never a value. */
  readonly inputs: Readonly<Record<string, string>>;
  /**
   * What the step gave. Belongs to the steps; the store looks at it for one purpose: every string in it, at any depth, that is a digest
   * is a blob or diff id which collection must keep.
   */
  readonly result: Readonly<Record<string, unknown>>;
  /** RFC 3339. */
  readonly createdAt: string;
}

export interface StepRecords {
  find(definition: string, parent: string): StepRecord | undefined;
  /** True if the step was ever run on any parent: a miss with it means that only the parent differs. */
  hasDefinition(definition: string): boolean;
  /** Every record of a definition, the last used first. */
  listDefinition(definition: string): readonly StepRecord[];
  put(record: StepRecord): Promise<void>;
  /** Note that a record was used at `when`: kept as the file's mtime, not in its text. */
  touch(record: StepRecord, when: Date): void;
  /** When the record was last written or touched. */
  usedAt(record: StepRecord): Date | undefined;
  /** Forget the records of a definition, or the one on `parent`. */
  remove(definition: string, parent?: string): void;
  list(): readonly StepRecord[];
}

export function openStepRecords(layout: Layout, scratch: Scratch): StepRecords {
  const directory = (definition: string): string => `${layout.steps}/${keyHex(definition)}`;
  const file = (definition: string, parent: string): string => `${directory(definition)}/${keyHex(parent)}.json`;
  const usedAt = (record: StepRecord): Date | undefined =>
    statSync(file(record.definition, record.parent), { throwIfNoEntry: false })?.mtime;
  const listDirectory = (path: string): StepRecord[] => listNames(path).flatMap((name) => readRecord(join(path, name), isStepRecord) ?? []);
  return {
    find: (definition, parent) => readRecord(file(definition, parent), isStepRecord),
    hasDefinition: (definition) => existsSync(directory(definition)),
    listDefinition(definition) {
      const age = (record: StepRecord): number => usedAt(record)?.getTime() ?? 0;
      return listDirectory(directory(definition)).sort((a, b) => age(b) - age(a));
    },
    async put(record) {
      writeRecord(file(record.definition, record.parent), record, await scratch.dir());
    },
    touch(record, when) {
      try {
        utimesSync(file(record.definition, record.parent), when, when);
      } catch (error) {
        // Removed by a collection meanwhile, or a store that may only be read: the use is not noted.
        if (!['ENOENT', 'EROFS', 'EACCES', 'EPERM'].some((code) => hasCode(error, code))) throw error;
      }
    },
    usedAt,
    remove(definition, parent) {
      if (parent === undefined) rmSync(directory(definition), { recursive: true, force: true });
      else {
        rmSync(file(definition, parent), { force: true });
        removeIfEmpty(directory(definition));
      }
    },
    list: () => listNames(layout.steps).flatMap((name) => listDirectory(join(layout.steps, name))),
  };
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'ENOENT')) throw error;
  }
}

/** Keys become file names, so nothing but a digest is let through. */
function keyHex(key: string): string {
  const hex = key.startsWith('sha256:') ? key.slice('sha256:'.length) : key;
  // The one expression for digests, which every build uses anyway: making another costs more than looking up a step.
  if (!isDigest(`sha256:${hex}`)) throw new TypeError(`Not a sha256 digest: ${JSON.stringify(key)}`);
  return hex;
}

function isStepRecord(value: unknown): value is StepRecord {
  return (
    isObject(value) &&
    typeof value.definition === 'string' &&
    typeof value.parent === 'string' &&
    isObject(value.inputs) &&
    isObject(value.result) &&
    typeof value.createdAt === 'string'
  );
}
