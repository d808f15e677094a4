import { closeSync, constants, existsSync, mkdirSync, openSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { sha256Hex } from '../sha256.js';
import { type Fd, flock, flockTry, randomName, walk } from '../sys/index.js';
import type { Layout } from './layout.js';
import { leadsTo } from './leads-to.js';
import { lockHolders } from './lock-holders.js';
import { isObject, listNames, readRecord, writeRecord } from './record-files.js';
import type { Scratch } from './scratch.js';
import { explainingFailure } from './system-errors.js';

/** Which directory a cache mount means. The names below cache/mounts/ are made from a digest of it, so that no id leads elsewhere. */
export interface CacheMountIdentity {
  readonly id: string;
  /** `linux/amd64`: what one processor built is of no use to another. */
  readonly platform: string;
  readonly uid: number;
  readonly gid: number;
  /** Digest of what it began with; empty when it began with nothing. */
  readonly origin: string;
  /** The map whose ids outside its files belong to; left out: they have those of the container. */
  readonly ids?: string;
}

/**
 * `shared`: with everybody but a `locked` one; `locked`: alone, after whoever uses it now; `private`: alone and at once, in a directory
 * of its own if need be.
 */
export type CacheSharing = 'shared' | 'private' | 'locked';

export interface OpenCacheMount {
  readonly identity: CacheMountIdentity;
  readonly sharing: CacheSharing;
  /** Gives a new directory its owner, mode and first contents. It becomes the cache's only when this resolves. */
  readonly create: (directory: string) => Promise<void>;
  /** Called once when others have it, with their process ids as far as they are known. */
  readonly onWait: (holders: readonly number[]) => void;
}

/** A cache directory in use: nobody evicts it, nor enters it against its sharing, until it is released or the process ends. */
export interface HeldCacheMount {
  readonly directory: string;
  release(): void;
}

/** A directory of cache/mounts/ as it was last seen. */
export interface CacheMountRecord {
  readonly name: string;
  readonly identity: CacheMountIdentity;
  /** What its files took when it was last measured. */
  readonly sizeBytes: number;
  readonly usedAt: Date;
}

/** Directories of RUN --mount=type=cache. */
export interface CacheMounts {
  /** @throws the reason of `signal` */
  open(request: OpenCacheMount, options: { readonly signal: AbortSignal }): Promise<HeldCacheMount>;
  /** All of them, the least recently used first. */
  list(): CacheMountRecord[];
  /** Measure a directory that is in use; when it is gone meanwhile nothing happens. */
  measure(held: HeldCacheMount): Promise<void>;
  /** Remove those of `chosen` that nobody uses; what is left of them is of the next build. @returns the ones that went */
  remove(chosen: readonly CacheMountRecord[]): readonly CacheMountRecord[];
  /** Remove directories that nobody uses, the least recently used first, until all together take at most `limitBytes`. */
  evict(limitBytes: number): number;
}

/** mount.json */
interface MountFile {
  readonly version: 1;
  readonly identity: CacheMountIdentity;
  readonly sizeBytes: number;
}

// A slot is `cache/mounts/<digest>[.<n>]`: the directory itself carries the lock, `fs` in it is what is mounted. `<n>` counts further
// directories of `private` mounts. Two seconds with the same slot are kept apart by flock(2) alone, so a killed build leaves none held.

export function openCacheMounts(layout: Layout, scratch: Scratch, ensureLayout: () => void): CacheMounts {
  const list = (): CacheMountRecord[] =>
    listNames(layout.cacheMounts)
      .map((name) => recordOf(layout, name))
      .filter((record) => record !== undefined)
      .sort((a, b) => a.usedAt.getTime() - b.usedAt.getTime());
  return {
    async open(request, { signal }) {
      ensureLayout();
      explainingFailure(layout.cacheMounts, () => mkdirSync(layout.cacheMounts, { recursive: true, mode: 0o700 }));
      const digest = digestOf(request.identity);
      if (request.sharing !== 'private') return openSlot(join(layout.cacheMounts, digest), request, scratch, signal);
      for (let number = 0; ; number++) {
        const slot = join(layout.cacheMounts, number === 0 ? digest : `${digest}.${number}`);
        const held = await tryOpenSlot(slot, request, scratch);
        if (held !== undefined) return held;
      }
    },
    list,
    async measure({ directory }) {
      const slot = join(directory, '..');
      const file = readMountFile(slot);
      if (file === undefined) return;
      const sizeBytes = await measureTree(directory);
      writeRecord(join(slot, MOUNT_FILE), { ...file, sizeBytes }, await scratch.dir());
    },
    remove: (chosen) => chosen.filter(({ name }) => trashUnused(join(layout.cacheMounts, name), scratch)),
    evict(limitBytes) {
      const records = list();
      let total = records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      let evicted = 0;
      for (const { name, sizeBytes } of records) {
        if (total <= limitBytes) break;
        if (!trashUnused(join(layout.cacheMounts, name), scratch)) continue;
        total -= sizeBytes;
        evicted++;
      }
      return evicted;
    },
  };
}

const MOUNT_FILE = 'mount.json';

function digestOf({ id, platform, uid, gid, origin, ids }: CacheMountIdentity): string {
  return sha256Hex(JSON.stringify([id, platform, uid, gid, origin, ...(ids === undefined ? [] : [ids])]));
}

/** Takes the slot, waiting for those who exclude it. */
async function openSlot(slot: string, request: OpenCacheMount, scratch: Scratch, signal: AbortSignal): Promise<HeldCacheMount> {
  const kind = request.sharing === 'shared' ? 'shared' : 'exclusive';
  for (let told = false; ; ) {
    const fd = openSlotDirectory(slot);
    let keep = false;
    try {
      // Its first contents are made alone: who finds a new directory in use waits for what it will be, then looks again.
      const isNew = !existsSync(join(slot, 'fs'));
      const wanted = isNew && flockTry(fd, 'exclusive') ? 'exclusive' : kind;
      if (wanted === kind && !flockTry(fd, kind)) {
        if (!told && !isNew) request.onWait(lockHolders(fd));
        told ||= !isNew;
        await flock(fd, kind, { signal });
      }
      if (!leadsTo(slot, fd)) continue; // it was evicted between its opening and its locking
      if (wanted === 'exclusive' || kind === 'exclusive') await createIn(slot, request, scratch);
      if (wanted !== kind) {
        // Not atomic: an eviction may come between, which the next look tells.
        await flock(fd, kind, { signal });
        if (!leadsTo(slot, fd)) continue;
      }
      if (!existsSync(join(slot, 'fs'))) continue;
      keep = true;
      return hold(slot, fd);
    } finally {
      if (!keep) closeSync(fd);
    }
  }
}

/** Takes the slot for itself, or nothing when somebody has it. */
async function tryOpenSlot(slot: string, request: OpenCacheMount, scratch: Scratch): Promise<HeldCacheMount | undefined> {
  for (;;) {
    const fd = openSlotDirectory(slot);
    let keep = false;
    try {
      if (!flockTry(fd, 'exclusive')) return undefined;
      if (!leadsTo(slot, fd)) continue;
      await createIn(slot, request, scratch);
      keep = true;
      return hold(slot, fd);
    } finally {
      if (!keep) closeSync(fd);
    }
  }
}

function openSlotDirectory(slot: string): Fd {
  for (;;) {
    explainingFailure(slot, () => mkdirSync(slot, { recursive: true, mode: 0o700 }));
    try {
      return openSync(slot, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error; // evicted in between
    }
  }
}

/** Under the exclusive lock. What a killed process left half made is not `fs` yet. */
async function createIn(slot: string, request: OpenCacheMount, scratch: Scratch): Promise<void> {
  const directory = join(slot, 'fs');
  if (existsSync(directory)) return;
  for (const name of listNames(slot)) if (name.startsWith('new-')) scratch.trash(join(slot, name));
  const unfinished = join(slot, `new-${randomName(4)}`);
  explainingFailure(unfinished, () => mkdirSync(unfinished));
  await request.create(unfinished);
  const file: MountFile = { version: 1, identity: request.identity, sizeBytes: 0 };
  writeRecord(join(slot, MOUNT_FILE), file, await scratch.dir());
  explainingFailure(directory, () => renameSync(unfinished, directory));
}

function hold(slot: string, fd: Fd): HeldCacheMount {
  touch(slot);
  let open = true;
  return {
    directory: join(slot, 'fs'),
    release() {
      if (!open) return;
      open = false;
      touch(slot);
      closeSync(fd);
    },
  };
}

/** The time of the slot's directory is when it was last used. */
function touch(slot: string): void {
  const now = new Date();
  utimesSync(slot, now, now);
}

function trashUnused(slot: string, scratch: Scratch): boolean {
  let fd: Fd;
  try {
    fd = openSync(slot, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true;
    throw error;
  }
  try {
    if (!flockTry(fd, 'exclusive') || !leadsTo(slot, fd)) return false;
    scratch.trash(slot);
    return true;
  } finally {
    closeSync(fd);
  }
}

function recordOf(layout: Layout, name: string): CacheMountRecord | undefined {
  const slot = join(layout.cacheMounts, name);
  const file = readMountFile(slot);
  const stat = statSync(slot, { throwIfNoEntry: false });
  if (file === undefined || stat === undefined) return undefined;
  return { name, identity: file.identity, sizeBytes: file.sizeBytes, usedAt: stat.mtime };
}

function readMountFile(slot: string): MountFile | undefined {
  return readRecord(join(slot, MOUNT_FILE), isMountFile);
}

function isMountFile(value: unknown): value is MountFile {
  return isObject(value) && value.version === 1 && isObject(value.identity) && typeof value.sizeBytes === 'number';
}

async function measureTree(directory: string): Promise<number> {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    let sizeBytes = 0;
    for (const { size } of await walk(fd)) sizeBytes += size;
    return sizeBytes;
  } finally {
    closeSync(fd);
  }
}
