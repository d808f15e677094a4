import { rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../sha256.js';
import type { Layout } from './layout.js';
import { isObject, listNames, readRecord, writeRecord } from './record-files.js';
import type { Scratch } from './scratch.js';

/** What a build did: which of its steps it found, and why it ran the others. */
export type BuildLog = ImageBuildLog | UnfinishedBuildLog;

/** Of a build that made an image. */
export interface ImageBuildLog extends LoggedSteps {
  /** Hexadecimal digits. */
  readonly imageId: string;
}

/** Of a build that made none. */
export interface UnfinishedBuildLog extends LoggedSteps {
  readonly outcome: 'failed' | 'cancelled';
}

interface LoggedSteps {
  /** RFC 3339. */
  readonly builtAt: string;
  /** In the order of the Containerfile. What is in one belongs to those who build. */
  readonly steps: readonly Readonly<Record<string, unknown>>[];
}

/** Older logs of builds that made no image are removed when another one is written. */
const MAX_UNFINISHED = 20;

export interface BuildLogs {
  put(log: ImageBuildLog): Promise<void>;
  /** Keeps the log of a build that made no image, for a while; one that ended with the same steps is replaced. */
  putUnfinished(log: UnfinishedBuildLog): Promise<void>;
  get(imageId: string): ImageBuildLog | undefined;
  /** Note that the image was built again, from the cache alone. @returns false when there is no log of it */
  touch(imageId: string, when: Date): boolean;
  /** When the image was last built. */
  usedAt(imageId: string): Date | undefined;
  /** Those of images and those of builds that made none, the last used first. */
  list(): readonly BuildLog[];
  retain(isKept: (imageId: string) => boolean): void;
}

export function openBuildLogs(layout: Layout, scratch: Scratch): BuildLogs {
  const pathOf = (name: string): string => join(layout.builds, name);
  const fileOf = (imageId: string): string => {
    if (!/^[0-9a-f]{64,128}$/.test(imageId)) throw new TypeError(`Not an image ID: ${JSON.stringify(imageId)}`);
    return pathOf(`${imageId}.json`);
  };
  const get = (imageId: string): ImageBuildLog | undefined => readRecord(fileOf(imageId), isImageLog);
  const timeOf = (path: string): Date | undefined => statSync(path, { throwIfNoEntry: false })?.mtime;
  const usedAt = (imageId: string): Date | undefined => timeOf(fileOf(imageId));
  const ids = (): string[] => listNames(layout.builds).flatMap((name) => /^([0-9a-f]{64,128})\.json$/.exec(name)?.[1] ?? []);
  const unfinished = (): string[] => listNames(layout.builds).filter((name) => /^unfinished-[0-9a-f]{64}\.json$/.test(name));
  const newestFirst = (names: readonly string[]): string[] =>
    names
      .map((name) => ({ name, time: timeOf(pathOf(name))?.getTime() ?? 0 }))
      .sort((a, b) => b.time - a.time)
      .map(({ name }) => name);
  return {
    async put(log) {
      writeRecord(fileOf(log.imageId), log, await scratch.dir());
    },
    async putUnfinished(log) {
      const steps = sha256Hex(JSON.stringify(log.steps));
      writeRecord(pathOf(`unfinished-${steps}.json`), log, await scratch.dir());
      for (const name of newestFirst(unfinished()).slice(MAX_UNFINISHED)) rmSync(pathOf(name), { force: true });
    },
    get,
    touch(imageId, when) {
      if (usedAt(imageId) === undefined) return false;
      utimesSync(fileOf(imageId), when, when);
      return true;
    },
    usedAt,
    list: () =>
      newestFirst([...ids().map((id) => `${id}.json`), ...unfinished()]).flatMap((name) => readRecord(pathOf(name), isBuildLog) ?? []),
    retain(isKept) {
      for (const id of ids()) if (!isKept(id)) rmSync(fileOf(id), { force: true });
    },
  };
}

function isBuildLog(value: unknown): value is BuildLog {
  return isImageLog(value) || (hasSteps(value) && 'outcome' in value && (value.outcome === 'failed' || value.outcome === 'cancelled'));
}

function isImageLog(value: unknown): value is ImageBuildLog {
  return hasSteps(value) && 'imageId' in value && typeof value.imageId === 'string';
}

function hasSteps(value: unknown): value is LoggedSteps {
  return isObject(value) && typeof value.builtAt === 'string' && Array.isArray(value.steps) && value.steps.every(isObject);
}
