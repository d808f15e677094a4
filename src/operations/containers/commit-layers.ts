import { constants, openSync, statSync } from 'node:fs';
import { basename, dirname, posix, resolve } from 'node:path';
import { commitUpper, commitWhole, makeDirectories, type Toolbox } from '../../builder/steps/index.js';
import { UsageError } from '../../errors.js';
import type { DiffId, HistoryEntry } from '../../image/index.js';
import type { WorkingLayer } from '../../snapshots/index.js';
import { closeFd, copyEntries } from '../../sys/index.js';
import type { ContainerFiles } from './container-files.js';

export interface CommittedLayers {
  /** What the container changed; with `squash` everything it holds. */
  readonly own: DiffId;
  /** The files that were added to the image alone, and what the history says of them. */
  readonly added?: { readonly diffId: DiffId; readonly history: readonly HistoryEntry[] };
}

/**
 * Writes the layers of a commit. The container's files stay as they are.
 *
 */
export async function commitLayers(
  { lowers, working, mountPoint }: ContainerFiles,
  options: { readonly squash: boolean; readonly addFiles: readonly AddedFile[] },
  toolbox: Toolbox,
): Promise<CommittedLayers> {
  const whole = [working.upper, ...lowers];
  const files = options.addFiles;
  if (options.squash) {
    // Of a mounted container, what the mount shows: its upper directory belongs to that overlay.
    const shown = mountPoint === undefined ? whole : [mountPoint];
    if (files.length === 0) return { own: (await commitWhole(shown, toolbox)).diffId };
    return { own: await withAdded(whole, files, toolbox, async (added) => (await commitWhole([added.upper, ...shown], toolbox)).diffId) };
  }
  const own = (await commitUpper(working, lowers, toolbox)).diffId;
  if (files.length === 0) return { own };
  const diffId = await withAdded(whole, files, toolbox, async (added) => (await commitUpper(added, whole, toolbox)).diffId);
  const words = files.map(({ destination }) => destination).join(' ');
  return { own, added: { diffId, history: [{ created_by: `/bin/sh -c #(nop) ADD ${words}` }] } };
}

/** A file of this machine, and where in the image it goes. */
export interface AddedFile {
  readonly source: string;
  /** Absolute and cleaned. */
  readonly destination: string;
}

/** @param text `SOURCE[:DESTINATION]` @throws {UsageError} it is not there, or no regular file */
export function readAddedFile(text: string): AddedFile {
  const [source = '', destination = resolve(source), ...rest] = text.split(':');
  if (source === '' || destination === '' || rest.length > 0)
    throw new UsageError(`--add-file ${JSON.stringify(text)}: expected SOURCE[:DESTINATION]`);
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat?.isFile() !== true)
    throw new UsageError(
      `--add-file ${JSON.stringify(source)}: ${stat === undefined ? 'no such file or directory' : 'it is no regular file'}`,
    );
  return { source: resolve(source), destination: posix.join('/', destination) };
}

/** Runs `body` with an upper directory that holds the files, on top of `lowers`. They belong to root and have mode 0644, as Buildah has it. */
async function withAdded<T>(
  lowers: readonly string[],
  files: readonly AddedFile[],
  { snapshots, now }: Toolbox,
  body: (added: WorkingLayer) => Promise<T>,
): Promise<T> {
  const working = await snapshots.prepare(lowers);
  try {
    const merged = await snapshots.openMerged(lowers, working);
    try {
      const mtimeNs = BigInt(Date.parse(now())) * 1_000_000n;
      for (const { source, destination } of files) {
        makeDirectories(merged, [dirname(destination)], { uid: 0, gid: 0 });
        const folder = openSync(dirname(source), constants.O_RDONLY | constants.O_DIRECTORY);
        try {
          const entry = {
            from: Buffer.from(basename(source)),
            to: Buffer.from(destination.slice(1)),
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtimeNs,
          };
          await copyEntries({ source: folder, target: merged, entries: [entry], xattrs: false });
        } finally {
          closeFd(folder);
        }
      }
    } finally {
      closeFd(merged);
    }
    return await body(working);
  } finally {
    snapshots.discard(working);
  }
}
