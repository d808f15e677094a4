import type { SandboxUserNamespace } from '../../sandbox/index.js';
import { type Shift, withShift } from '../../snapshots/index.js';
import type { IdMaps } from '../../sys/index.js';

/** A user namespace of a command's own, opened. */
export interface OwnIds {
  /** As a sandbox takes it. */
  readonly namespace: SandboxUserNamespace;
  /** As root file systems take it; undefined: ids are the same inside and outside. */
  readonly shift: Shift | undefined;
}

/**
 * @param maps undefined: the command has the ids of the builder
 * @param directory on the file system of the store
 */
export async function withOwnIds<T>(
  maps: IdMaps | undefined,
  directory: string,
  body: (ids: OwnIds | undefined) => Promise<T>,
): Promise<T> {
  if (maps === undefined) return body(undefined);
  if (!shiftsOwners(maps)) return body({ namespace: maps, shift: undefined });
  return withShift(maps, directory, (shift) =>
    body({ namespace: shift.kind === 'mount' ? { ...maps, shift: shift.namespace } : maps, shift }),
  );
}

export function shiftsOwners({ uids, gids }: IdMaps): boolean {
  return [...uids, ...gids].some(({ inside, outside }) => inside !== outside);
}
