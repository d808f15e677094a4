import { mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { explainingFailure, type Store } from '../store/index.js';
import { kernelRelease } from '../sys/index.js';
import type { StorageDriver } from './snapshot-driver.js';
import { tryOverlay } from './try-overlay.js';

export interface ChosenDriver {
  readonly driver: StorageDriver;
  /** Why it is not the overlay; undefined when that is what the user asked for, or when it is one. */
  readonly reason?: string | undefined;
}

/** linux/magic.h */
const OVERLAYFS_SUPER_MAGIC = 0x794c7630;
/** The first kernel whose overlay can be mounted in a user namespace with `userxattr`. */
const OLDEST_KERNEL = [5, 11] as const;

/**
 * How root file systems are made in this store: by overlays where they work. The first command tries one, and the store remembers
 * that it worked, for this kernel and file system; a store where it did not is tried again each time, since that can be mended.
 */
export async function chooseDriver(store: Store): Promise<ChosenDriver> {
  const { type } = statfsSync(store.root);
  if (type === OVERLAYFS_SUPER_MAGIC) {
    return { driver: 'vfs', reason: `the store "${store.root}" lies on an overlay itself, on which none can be mounted to write to` };
  }
  const works = `overlay on ${type.toString(16)} with Linux ${kernelRelease()}\n`;
  const record = join(store.root, 'storage-driver');
  if (readIfThere(record) === works) return { driver: 'overlay' };
  const problem = await problemOf(store);
  if (problem === undefined) explainingFailure(record, () => writeFileSync(record, works));
  else if (problem.kind === 'refused') return { driver: 'vfs', reason: problem.reason };
  return { driver: 'overlay' };
}

/** `unknown`: this process may not mount anything, so that nothing was learned. */
type Problem = { readonly kind: 'refused'; readonly reason: string } | { readonly kind: 'unknown' };

async function problemOf(store: Store): Promise<Problem | undefined> {
  const directory = join(await store.scratch.dir(), 'try-overlay');
  explainingFailure(directory, () => mkdirSync(directory, { recursive: true }));
  try {
    const lost = tryOverlay(directory);
    return lost === undefined ? undefined : { kind: 'refused', reason: `an overlay on "${store.root}" does not keep ${lost}` };
  } catch (error) {
    return explain(error, store.root);
  } finally {
    store.scratch.trash(directory);
  }
}

function explain(error: unknown, root: string): Problem {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EPERM') {
    if (!isOlderThan(kernelRelease(), OLDEST_KERNEL)) return { kind: 'unknown' };
    return { kind: 'refused', reason: `Linux ${kernelRelease()} mounts no overlay in a user namespace; ${OLDEST_KERNEL.join('.')} does` };
  }
  return { kind: 'refused', reason: `no overlay can be mounted on "${root}" (${message})` };
}

export function isOlderThan(kernel: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Missing or unreadable: the overlay is tried.
    return undefined;
  }
}
