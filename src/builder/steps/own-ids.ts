import type { SandboxUserNamespace } from '../../sandbox/index.js';
import type { Shift } from '../../snapshots/index.js';
import { closeFd, type IdMaps, type IdRange, openUserNamespace } from '../../sys/index.js';

/** A user namespace of a command's own, opened. */
export interface OwnIds {
  /** As a sandbox takes it. */
  readonly namespace: SandboxUserNamespace;
  /** As root file systems take it; undefined: ids are the same inside and outside. */
  readonly shift: Shift | undefined;
}

/** @param maps undefined: the command has the ids of the builder */
export async function withOwnIds<T>(maps: IdMaps | undefined, body: (ids: OwnIds | undefined) => Promise<T>): Promise<T> {
  if (maps === undefined) return body(undefined);
  if (!shiftsOwners(maps)) return body({ namespace: maps, shift: undefined });
  const namespace = openUserNamespace(maps);
  try {
    return await body({ namespace: { ...maps, shift: namespace }, shift: { namespace, owner: outsideOf(maps, { uid: 0, gid: 0 }) } });
  } finally {
    closeFd(namespace);
  }
}

export function shiftsOwners({ uids, gids }: IdMaps): boolean {
  return [...uids, ...gids].some(({ inside, outside }) => inside !== outside);
}

/** Who `owner` is outside; an id that is not in the maps stays what it is. */
export function outsideOf(
  { uids, gids }: IdMaps,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): { uid: number; gid: number } {
  return { uid: outside(uids, uid), gid: outside(gids, gid) };
}

function outside(ranges: readonly IdRange[], id: number): number {
  const range = ranges.find(({ inside, count }) => id >= inside && id < inside + count);
  return range === undefined ? id : range.outside + (id - range.inside);
}
