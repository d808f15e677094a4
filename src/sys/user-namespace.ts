import { readFileSync } from 'node:fs';
import { loadAddon } from './addon.js';
import type { Fd } from './paths.js';

/** `count` ids, from `inside` on in a user namespace, from `outside` on in the one around it. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** What the ids of users and groups in a user namespace are outside. */
export interface IdMaps {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

/** An owner of a file. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What an id inside is outside; undefined: it is not in the map. */
export function outsideId(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ inside, count }) => id >= inside && id < inside + count);
  return range === undefined ? undefined : range.outside + (id - range.inside);
}

/** What an id outside is inside; undefined: it is not in the map. */
export function insideId(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ outside, count }) => id >= outside && id < outside + count);
  return range === undefined ? undefined : range.inside + (id - range.outside);
}

/** Who `owner` is outside; an id that is not in the maps stays what it is. */
export function outsideOf({ uids, gids }: IdMaps, { uid, gid }: Owner): Owner {
  return { uid: outsideId(uids, uid) ?? uid, gid: outsideId(gids, gid) ?? gid };
}

/**
 * A new user namespace without processes; it ends when its descriptor is closed and nothing uses it.
 *
 * @throws EPERM these ids are not this process's to give
 * @see https://man7.org/linux/man-pages/man7/user_namespaces.7.html
 */
export function openUserNamespace({ uids, gids }: IdMaps): Fd {
  return loadAddon().openUserNamespace(formatMap(uids), formatMap(gids));
}

function formatMap(ranges: readonly IdRange[]): string {
  return ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('');
}

/** The maps of the user namespace that this process is in: `inside` are its own ids. */
export function ownIdMaps(): IdMaps {
  return { uids: readMap('/proc/self/uid_map'), gids: readMap('/proc/self/gid_map') };
}

function readMap(file: string): IdRange[] {
  return [...readFileSync(file, 'utf8').matchAll(/(\d+)\s+(\d+)\s+(\d+)/g)].map(([, inside, outside, count]) => ({
    inside: Number(inside),
    outside: Number(outside),
    count: Number(count),
  }));
}
