import { closeSync, constants, createReadStream, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type RootState, withLowers } from '../../builder/steps/index.js';
import { writeLayer } from '../../layers/index.js';
import type { SnapshotDriver } from '../../snapshots/index.js';
import { closeFd, copyEntries, type Fd, walk } from '../../sys/index.js';

export interface RootExport {
  readonly root: RootState;
  readonly snapshots: SnapshotDriver;
  /** Seconds since 1970 that every file gets; undefined: its own time. */
  readonly timeSeconds: number | undefined;
  readonly signal: AbortSignal;
}

export interface DirectoryExport {
  /** False: all of it belongs to the user, since nobody but root could remove anything else. */
  readonly keepOwners: boolean;
  /** False: what is there already stays unless a file of the image takes its place. */
  readonly deleteOthers: boolean;
}

/** Writes the files of an image into a directory, which is made if it is missing. */
export async function exportDirectory(
  directory: string,
  { keepOwners, deleteOthers }: DirectoryExport,
  options: RootExport,
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const target = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await withMerged(options, async (source) => {
      const mtimeNs = options.timeSeconds === undefined ? undefined : BigInt(options.timeSeconds) * 1_000_000_000n;
      const entries = [...(await walk(source))].map(({ path }) => ({ from: path, to: path, mtimeNs }));
      // Last of all: an export that fails half-way has deleted nothing.
      const wanted = new Set(entries.map(({ to }) => nameOf(to)));
      await copyEntries({ source, target, entries, xattrs: keepOwners, ...(keepOwners ? {} : { owner: { uid: 0, gid: 0 } }) });
      if (!deleteOthers) return;
      for (const { path } of await walk(target)) {
        if (!wanted.has(nameOf(path)))
          rmSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path)]), { recursive: true, force: true });
      }
    });
  } finally {
    closeSync(target);
  }
}

/** Paths are bytes where they are not UTF-8. */
function nameOf(path: string | Buffer): string {
  return Buffer.from(path as string).toString('latin1');
}

/** Removes what lies in a directory beside `names`. */
export function removeOthers(directory: string, names: readonly string[]): void {
  for (const name of readdirSync(directory)) {
    if (!names.includes(name)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

/** Writes the files of an image, owners as in the image, into a tar: the same files give the same bytes. The file appears complete. */
export async function exportTar(file: string, options: RootExport): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = besides(file);
  try {
    await writeTar(temporary, options);
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** A name in the same directory, for what becomes `file` by rename. */
export function besides(file: string): string {
  return join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
}

/** Gives the bytes of a file to `write`, one chunk after the other. */
export async function streamFile(file: string, write: (bytes: Uint8Array) => void): Promise<void> {
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) write(chunk as Uint8Array);
}

/** @param file made */
export async function writeTar(file: string, options: RootExport): Promise<void> {
  await withMerged(options, async (upper) => {
    const { written } = writeLayer(
      {
        upper,
        overlayXattrs: 'user',
        compression: 'none',
        file,
        parentRoot: { mode: 0o755, uid: 0, gid: 0 },
        ...(options.timeSeconds === undefined ? {} : { timestamps: { forceSeconds: options.timeSeconds } }),
      },
      { signal: options.signal },
    );
    await written;
  });
}

async function withMerged<T>({ root, snapshots, signal }: RootExport, body: (merged: Fd) => Promise<T>): Promise<T> {
  return withLowers(root, snapshots, { signal }, async (lowers) => {
    const merged = await snapshots.openMerged(lowers);
    try {
      return await body(merged);
    } finally {
      closeFd(merged);
    }
  });
}
