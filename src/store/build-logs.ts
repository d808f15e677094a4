import { rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from './layout.js';
import { isObject, listNames, readRecord, writeRecord } from './record-files.js';
import type { Scratch } from './scratch.js';

/** What a build did to make an image: which of its steps it found, and why it ran the others. */
export interface BuildLog {
  /** Hexadecimal digits. */
  readonly imageId: string;
  /** RFC 3339. */
  readonly builtAt: string;
  /** In the order of the Containerfile. What is in one belongs to those who build. */
  readonly steps: readonly Readonly<Record<string, unknown>>[];
}

export interface BuildLogs {
  put(log: BuildLog): Promise<void>;
  get(imageId: string): BuildLog | undefined;
  /** Note that the image was built again, from the cache alone. @returns false when there is no log of it */
  touch(imageId: string, when: Date): boolean;
  /** When the image was last built. */
  usedAt(imageId: string): Date | undefined;
  /** The last used first. */
  list(): readonly BuildLog[];
  retain(isKept: (imageId: string) => boolean): void;
}

export function openBuildLogs(layout: Layout, scratch: Scratch): BuildLogs {
  const fileOf = (imageId: string): string => {
    if (!/^[0-9a-f]{64,128}$/.test(imageId)) throw new TypeError(`Not an image ID: ${JSON.stringify(imageId)}`);
    return join(layout.builds, `${imageId}.json`);
  };
  const get = (imageId: string): BuildLog | undefined => readRecord(fileOf(imageId), isBuildLog);
  const usedAt = (imageId: string): Date | undefined => statSync(fileOf(imageId), { throwIfNoEntry: false })?.mtime;
  const ids = (): string[] => listNames(layout.builds).flatMap((name) => /^([0-9a-f]{64,128})\.json$/.exec(name)?.[1] ?? []);
  return {
    async put(log) {
      writeRecord(fileOf(log.imageId), log, await scratch.dir());
    },
    get,
    touch(imageId, when) {
      if (usedAt(imageId) === undefined) return false;
      utimesSync(fileOf(imageId), when, when);
      return true;
    },
    usedAt,
    list: () =>
      ids()
        .map((id) => ({ id, time: usedAt(id)?.getTime() ?? 0 }))
        .sort((a, b) => b.time - a.time)
        .flatMap(({ id }) => get(id) ?? []),
    retain(isKept) {
      for (const id of ids()) if (!isKept(id)) rmSync(fileOf(id), { force: true });
    },
  };
}

function isBuildLog(value: unknown): value is BuildLog {
  return (
    isObject(value) &&
    typeof value.imageId === 'string' &&
    typeof value.builtAt === 'string' &&
    Array.isArray(value.steps) &&
    value.steps.every(isObject)
  );
}
