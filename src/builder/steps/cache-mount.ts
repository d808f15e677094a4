import { chmodSync, chownSync, closeSync, constants, openSync } from 'node:fs';
import { hasCode } from '../../errors.js';
import type { Reporter } from '../../progress.js';
import { shiftOwners } from '../../snapshots/index.js';
import type { CacheMountIdentity, CacheSharing, HeldCacheMount, Store } from '../../store/index.js';
import { closeFd, copyEntries, type Fd, type IdMaps, openat2, outsideOf, setXattr, walk } from '../../sys/index.js';
import type { BackgroundWork } from './background-work.js';
import { makeDirectories } from './make-directories.js';
import type { OwnIds } from './own-ids.js';
import type { RootState } from './root-state.js';
import { type MountOrigin, originContent, type RunCache, type RunMount } from './run-mounts.js';

/** What all cache directories of a store may take together; beyond it those that were used least recently go. */
const CACHE_LIMIT_BYTES = 20 * 2 ** 30;

/** Where an owner is kept that this user cannot give a file: `uid:gid:0mode`, as containers/storage does. */
const OVERRIDE_XATTR = 'user.containers.override_stat';

export interface OpenedCache {
  /** What to mount. */
  readonly directory: Fd;
}

export interface CacheSurroundings {
  readonly store: Store;
  readonly reporter: Reporter;
  readonly background: BackgroundWork;
  readonly platform: string;
  readonly sources: readonly RootState[];
  readonly signal: AbortSignal;
  /** The command's own ids, where it has some. */
  readonly ids?: OwnIds | undefined;
  openOrigin(origin: MountOrigin, source: string): Promise<Fd>;
  /** Called for everything that is to be closed when the command has ended. */
  onOpened(close: () => void): void;
}

/**
 * Takes the cache directories of one RUN. Those that are waited for come in one order for every RUN, so that two which want the same
 * never wait for each other; `private` ones, which nobody waits for, come last. A directory that is mounted twice is taken once.
 */
export async function openCaches(
  mounts: readonly RunCache[],
  surroundings: CacheSurroundings,
): Promise<ReadonlyMap<RunMount, OpenedCache>> {
  const named = await Promise.all(mounts.map(async (mount) => ({ mount, identity: await identityOf(mount, surroundings) })));
  const waited = new Map<string, { readonly identity: CacheMountIdentity; readonly users: RunCache[] }>();
  for (const { mount, identity } of named.filter((one) => one.mount.sharing !== 'private')) {
    const name = JSON.stringify(identity);
    const known = waited.get(name);
    if (known === undefined) waited.set(name, { identity, users: [mount] });
    else known.users.push(mount);
  }
  const opened = new Map<RunMount, OpenedCache>();
  const take = async (identity: CacheMountIdentity, sharing: CacheSharing, users: readonly RunCache[]): Promise<void> => {
    const held = await holdCache(identity, sharing, users[0]!, surroundings);
    for (const mount of users) {
      const directory = openDirectory(held, mount, copyMaps(surroundings));
      surroundings.onOpened(() => closeFd(directory));
      opened.set(mount, { directory });
    }
  };
  for (const [, { identity, users }] of [...waited].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await take(identity, users.some(({ sharing }) => sharing === 'locked') ? 'locked' : 'shared', users);
  }
  for (const { mount, identity } of named) if (mount.sharing === 'private') await take(identity, 'private', [mount]);
  return opened;
}

async function identityOf(mount: RunCache, surroundings: CacheSurroundings): Promise<CacheMountIdentity> {
  const { platform, sources, signal } = surroundings;
  const origin = mount.from === undefined ? '' : await originContent(mount.from, mount.source, sources, signal);
  const maps = copyMaps(surroundings);
  const identity = { id: mount.id, platform, uid: mount.uid ?? 0, gid: mount.gid ?? 0, origin };
  return maps === undefined ? identity : { ...identity, ids: JSON.stringify([maps.uids, maps.gids]) };
}

/** Where mounts do not shift owners, the files of a cache have those of one map. */
function copyMaps({ ids }: CacheSurroundings): IdMaps | undefined {
  return ids?.shift?.kind === 'copy' ? ids.shift.maps : undefined;
}

async function holdCache(
  identity: CacheMountIdentity,
  sharing: CacheSharing,
  mount: RunCache,
  surroundings: CacheSurroundings,
): Promise<HeldCacheMount> {
  const { store, reporter, signal, background } = surroundings;
  const held = await store.cacheMounts.open(
    {
      identity,
      sharing,
      create: (directory) => fill(directory, mount, surroundings),
      onWait: (holders) =>
        reporter.report({ kind: 'note', text: `waiting for the cache mount "${mount.id}", which ${describe(holders)} uses` }),
    },
    { signal },
  );
  // The next step need not wait until it is known how large the cache has grown.
  surroundings.onOpened(() => background.add(letGo(held, store)));
  return held;
}

function describe(holders: readonly number[]): string {
  const others = holders.filter((pid) => pid !== process.pid);
  if (others.length > 0) return others.length === 1 ? `process ${others[0]}` : `processes ${others.join(', ')} each`;
  return holders.length > 0 ? 'another step of this build' : 'another build';
}

async function letGo(held: HeldCacheMount, store: Store): Promise<void> {
  try {
    await store.cacheMounts.measure(held);
  } finally {
    held.release();
  }
  store.cacheMounts.evict(CACHE_LIMIT_BYTES);
}

/** What to mount of it: all, or for a cache that began empty the directory in it that `source` names, inside whatever links say. */
function openDirectory(held: HeldCacheMount, mount: RunCache, maps: IdMaps | undefined): Fd {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY;
  const root = openSync(held.directory, flags);
  if (mount.from !== undefined || mount.source === '') return root;
  try {
    const owner = { uid: mount.uid ?? 0, gid: mount.gid ?? 0 };
    makeDirectories(root, [mount.source], maps === undefined ? owner : outsideOf(maps, owner));
    return openat2(root, mount.source, { flags });
  } finally {
    closeSync(root);
  }
}

async function fill(directory: string, mount: RunCache, surroundings: CacheSurroundings): Promise<void> {
  if (mount.from !== undefined) await copyOrigin(directory, await surroundings.openOrigin(mount.from, mount.source));
  const modeBits = mount.modeBits ?? (mount.from === undefined ? 0o755 : undefined);
  if (mount.uid !== undefined || mount.gid !== undefined) giveTo(directory, mount);
  // After the owner, since chown(2) takes set-id bits away.
  if (modeBits !== undefined) chmodSync(directory, modeBits);
  const maps = copyMaps(surroundings);
  if (maps !== undefined) await shiftDirectory(directory, maps);
}

async function shiftDirectory(directory: string, maps: IdMaps): Promise<void> {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await shiftOwners(fd, maps, 'outside');
  } finally {
    closeSync(fd);
  }
}

async function copyOrigin(directory: string, source: Fd): Promise<void> {
  const target = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const entries = [Buffer.alloc(0), ...Array.from(await walk(source), ({ path }) => path)];
    await copyEntries({ source, target, entries: entries.map((path) => ({ from: path, to: path })), xattrs: true });
  } finally {
    closeSync(target);
  }
}

function giveTo(directory: string, { uid = 0, gid = 0, modeBits = 0o755 }: RunCache): void {
  try {
    chownSync(directory, uid, gid);
  } catch (error) {
    // EINVAL: the id is not mapped in this user namespace; EPERM: there is no namespace and we are not root.
    if (!hasCode(error, 'EINVAL') && !hasCode(error, 'EPERM')) throw error;
    const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      setXattr(fd, OVERRIDE_XATTR, Buffer.from(`${uid}:${gid}:0${modeBits.toString(8)}`));
    } finally {
      closeSync(fd);
    }
  }
}
