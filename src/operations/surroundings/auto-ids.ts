import { closeSync, constants, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../errors.js';
import type { ContainerRecord, Store } from '../../store/index.js';
import { flock, flockTry, type IdMaps, type IdRange, ownIdMaps } from '../../sys/index.js';
import { type SubordinateRange, subordinateRanges } from './subordinate-ids.js';
import type { UserNamespaceChoice } from './user-namespace.js';

/** Whose subordinate ids are given out, as by Podman. */
const OWNER = 'containers';
const USUAL_SIZE = 65_536;
/** Of a user's own 65,536 four commands at a time can have these. */
const USUAL_OWN_SIZE = 16_384;

/** Ids that are nobody else's as long as they are held. */
interface HeldIds {
  readonly maps: IdMaps | undefined;
  release(): void;
}

/**
 * Runs `body` with the ids of a choice. Of `auto` they are taken from those of the user "containers", for another user than root from his
 * subordinate ones: not those of a working container of this store, nor those that another command holds; they are held until `body` ends.
 *
 * @throws {UsageError} no such ids are left
 */
export async function withHeldIds<T>(
  choice: UserNamespaceChoice,
  store: Store,
  body: (maps: IdMaps | undefined) => Promise<T>,
): Promise<T> {
  const { maps, release } = await holdIds(choice, store);
  try {
    return await body(maps);
  } finally {
    release();
  }
}

async function holdIds(choice: UserNamespaceChoice, store: Store): Promise<HeldIds> {
  if (choice?.kind !== 'auto') return { maps: choice?.maps, release: () => {} };
  const size = choice.size ?? (choice.of === 'root' ? USUAL_SIZE : USUAL_OWN_SIZE);
  const folder = join(store.runRoot, 'userns');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const registry = openSync(join(folder, 'lock'), constants.O_RDONLY | constants.O_CREAT, 0o600);
  try {
    await flock(registry, 'exclusive');
    const taken = [...heldElsewhere(folder), ...store.containers.list().flatMap(idsOf)];
    const outside = choice.of === 'root' ? pickOfContainers(size, taken) : pickOfOwn(size, taken);
    const ranges: readonly IdRange[] = [{ inside: 0, outside, count: size }];
    const file = join(folder, `${outside}-${size}`);
    const held = openSync(file, constants.O_RDONLY | constants.O_CREAT, 0o600);
    flockTry(held, 'exclusive');
    let isHeld = true;
    const release = (): void => {
      if (isHeld) closeSync(held);
      isHeld = false;
    };
    return { maps: { uids: ranges, gids: ranges }, release };
  } finally {
    closeSync(registry);
  }
}

function pickOfContainers(size: number, taken: readonly SubordinateRange[]): number {
  const [uids, gids] = [subordinateRanges('/etc/subuid', OWNER), subordinateRanges('/etc/subgid', OWNER)];
  if (uids.length === 0 || gids.length === 0)
    throw new UsageError(
      `cannot find ids for --userns=auto: no ranges for "${OWNER}" in ${uids.length === 0 ? '/etc/subuid' : '/etc/subgid'}`,
      {
        hint: `Add a line to each of /etc/subuid and /etc/subgid: ${OWNER}:2147483647:2147483648`,
      },
    );
  return pickIds(uids, gids, size, taken, `of "${OWNER}" in a row are free in both /etc/subuid and /etc/subgid`);
}

/** The user's own id is none of them: whoever leaves the command's namespace shall not be him. */
function pickOfOwn(size: number, taken: readonly SubordinateRange[]): number {
  const { uids, gids } = ownIdMaps();
  const free = (ranges: readonly IdRange[]): SubordinateRange[] => ranges.map(({ inside, count }) => ({ first: inside, count }));
  const self = { first: 0, count: 1 };
  return pickIds(free(uids), free(gids), size, [...taken, self], 'in a row are free among those that tsbuild has');
}

function idsOf({ idMaps }: ContainerRecord): SubordinateRange[] {
  return [...(idMaps?.uids ?? []), ...(idMaps?.gids ?? [])].map(({ outside, count }) => ({ first: outside, count }));
}

/** What commands that run have taken. What an ended one had goes. */
function heldElsewhere(folder: string): SubordinateRange[] {
  return readdirSync(folder).flatMap((name) => {
    const [, first, count] = /^(\d+)-(\d+)$/.exec(name) ?? [];
    if (first === undefined) return [];
    const file = join(folder, name);
    const fd = openSync(file, constants.O_RDONLY);
    try {
      if (!flockTry(fd, 'exclusive')) return [{ first: Number(first), count: Number(count) }];
      rmSync(file);
      return [];
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * The lowest id from which on `size` are in ranges of both kinds and in none of `taken`.
 *
 * @param of whose they are, as the end of a sentence
 * @throws {UsageError} there is none
 */
export function pickIds(
  uids: readonly SubordinateRange[],
  gids: readonly SubordinateRange[],
  size: number,
  taken: readonly SubordinateRange[],
  of: string,
): number {
  // A range begins at the begin of one that is given away, or right behind one that is taken.
  const begins = [...uids, ...gids].map(({ first }) => first).concat(taken.map(({ first, count }) => first + count));
  const isFree = (begin: number): boolean =>
    [uids, gids].every((ranges) => ranges.some(({ first, count }) => begin >= first && begin + size <= first + count)) &&
    taken.every(({ first, count }) => begin + size <= first || first + count <= begin);
  const found = begins.sort((a, b) => a - b).find(isFree);
  if (found === undefined)
    throw new UsageError(`cannot find ids for --userns=auto: no ${size} ids ${of}`, {
      hint: 'Ask for fewer with --userns=auto:size=N, or remove working containers that have some',
    });
  return found;
}
