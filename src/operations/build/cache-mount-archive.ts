import { closeSync, constants, createReadStream, fstatSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CachedMount } from '../../builder/steps/index.js';
import { type Digest, layerMediaType, verify } from '../../image/index.js';
import { applyLayer, writeLayer } from '../../layers/index.js';
import type { CacheMountIdentity, CacheMounts, Store } from '../../store/index.js';
import type { ImageSource } from '../../transports/index.js';

/** Cache mounts as they go along with a cache: written to temporary files, which go with the store's scratch directory. */
export interface ArchivedMounts {
  readonly mounts: readonly CachedMount[];
  openBlob(digest: Digest): AsyncIterable<Uint8Array> | undefined;
}

/**
 * Archives the directories of RUN --mount=type=cache with these IDs, for whichever platform and owner. One that is in use alone, missing or
 * not readable is left out.
 */
export async function archiveMounts(
  ids: readonly string[],
  store: Store,
  options: { readonly warn: (text: string) => void; readonly signal: AbortSignal },
): Promise<ArchivedMounts> {
  const mounts: CachedMount[] = [];
  const files = new Map<string, string>();
  const records = store.cacheMounts.list();
  for (const id of ids) {
    const identities = new Map(
      records.filter(({ identity }) => identity.id === id).map(({ identity }) => [JSON.stringify(identity), identity]),
    );
    if (identities.size === 0) options.warn(`cannot export the cache mount "${id}": there is none`);
    for (const identity of identities.values()) {
      try {
        const file = await store.blobs.tempFile();
        const mount = await archiveMount(identity, file, store, options.signal);
        mounts.push(mount);
        files.set(mount.digest, file);
      } catch (error) {
        options.signal.throwIfAborted();
        options.warn(`cannot export the cache mount "${id}": ${(error as Error).message}`);
      }
    }
  }
  return {
    mounts,
    openBlob(digest) {
      const file = files.get(digest);
      return file === undefined ? undefined : createReadStream(file);
    },
  };
}

/**
 * The same cache mounts; one that is new begins with what a cache source has of it, fetched at that moment. When that fails it begins as it
 * would have without.
 */
export function restoringMounts(
  mounts: CacheMounts,
  offered: readonly { readonly mount: CachedMount; readonly source: ImageSource }[],
  { warn, signal }: { readonly warn: (text: string) => void; readonly signal: AbortSignal },
): CacheMounts {
  if (offered.length === 0) return mounts;
  return {
    ...mounts,
    open: (request, options) =>
      mounts.open(
        {
          ...request,
          async create(directory) {
            const offer = offered.find(({ mount }) => isSame(mount.identity, request.identity));
            if (offer !== undefined && (await restore(offer, directory))) return;
            await request.create(directory);
          },
        },
        options,
      ),
  };

  async function restore(offer: (typeof offered)[number], directory: string): Promise<boolean> {
    try {
      await extractMount(offer, directory, signal);
      return true;
    } catch (error) {
      for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
      signal.throwIfAborted();
      warn(`cannot import the cache mount "${offer.mount.identity.id}": ${(error as Error).message}`);
      return false;
    }
  }
}

async function archiveMount(identity: CacheMountIdentity, file: string, store: Store, signal: AbortSignal): Promise<CachedMount> {
  const busy = new AbortController();
  const held = await store.cacheMounts.open(
    {
      identity,
      sharing: 'shared',
      async create() {
        throw new Error('it was removed meanwhile');
      },
      // Whoever has it alone may have it for long, and an export is not worth the wait.
      onWait: () => busy.abort(new Error('another build has it for itself')),
    },
    { signal: AbortSignal.any([busy.signal, signal]) },
  );
  try {
    return await writeArchive(identity, held.directory, file, signal);
  } finally {
    held.release();
  }
}

async function writeArchive(identity: CacheMountIdentity, directory: string, file: string, signal: AbortSignal): Promise<CachedMount> {
  const upper = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const { mode, uid, gid } = fstatSync(upper);
    // Unlike the directory's own: then it becomes an entry, with its mode and owner.
    const parentRoot = { mode: (mode & 0o7777) ^ 1, uid, gid };
    const { written } = writeLayer({ upper, overlayXattrs: 'user', compression: 'zstd', file, parentRoot }, { signal });
    const { diffId, digest, size } = await written;
    return { identity, diffId, digest, size, compression: 'zstd' };
  } finally {
    closeSync(upper);
  }
}

async function extractMount(
  { mount, source }: { readonly mount: CachedMount; readonly source: ImageSource },
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const { digest, size, compression, diffId } = mount;
  const bytes = source.openBlob({ mediaType: layerMediaType(compression, 'oci'), digest, size }, { signal });
  const blob = verify(bytes, { digest, size }, source.description);
  const target = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await applyLayer({ blob, compression, target, whiteouts: 'overlay-user', lowers: [], expectedDiffId: diffId }, { signal });
  } finally {
    closeSync(target);
  }
}

function isSame(a: CacheMountIdentity, b: CacheMountIdentity): boolean {
  return a.id === b.id && a.platform === b.platform && a.uid === b.uid && a.gid === b.gid && a.origin === b.origin;
}
