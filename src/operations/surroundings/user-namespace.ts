import { UnsupportedFeatureError, UsageError } from '../../errors.js';
import { type IdMaps, type IdRange, ownIdMaps } from '../../sys/index.js';
import { asOwn, parseIdMaps, withinOwn } from './id-maps.js';
import { subordinateRanges } from './subordinate-ids.js';

/** `--userns` and the flags that map ids, as written. */
export interface UserNamespaceOptions {
  readonly userns?: string | undefined;
  readonly uidMaps: readonly string[];
  readonly gidMaps: readonly string[];
  readonly uidMapUser?: string | undefined;
  readonly gidMapGroup?: string | undefined;
}

/** Which user namespace commands run in. `auto`: one with ids that nobody else has; which ones is found out when it is made. */
export type UserNamespaceChoice =
  | { readonly kind: 'own'; readonly maps: IdMaps }
  | {
      readonly kind: 'auto';
      readonly size: number | undefined;
      /** `root`: of the ids that the administrator has set apart; `mapped`: of the builder's own. */
      readonly of: 'root' | 'mapped';
    }
  | undefined;

export type IdMode = 'root' | 'mapped' | 'single';

/**
 * Undefined: that of the builder. It is one of its own for every user but root, which is what `private` asks for.
 *
 * @throws {UsageError} a flag that cannot be read, or ids that the builder has not
 * @throws {UnsupportedFeatureError} a namespace that cannot be had here
 */
export function readUserNamespace(options: UserNamespaceOptions | undefined, idMode: IdMode): UserNamespaceChoice {
  if (options === undefined) return undefined;
  const { userns } = options;
  const maps = readMaps(options, idMode);
  const [kind = '', ...rest] = (userns ?? (maps === undefined ? 'host' : 'container')).split(':');
  switch (kind) {
    case 'host':
      if (maps !== undefined) throw new UsageError("can not specify ID mappings while using host's user namespace");
      return undefined;
    case '':
    case 'container':
    case 'private':
      return maps === undefined ? privateNamespace(idMode) : mappedNamespace(maps, idMode);
    case 'auto':
      if (maps !== undefined) throw new UsageError('--userns=auto chooses the ids: it does not go together with ID mappings');
      return autoNamespace(rest.join(':'), idMode);
    case 'ns':
      throw refusedToJoin(rest.join(':'));
    default:
      if (kind.startsWith('/')) throw refusedToJoin(userns ?? '');
      throw new UsageError(`unrecognized user namespace setting ${JSON.stringify(userns)}`, {
        hint: 'There are host, container, private and auto[:size=N]',
      });
  }
}

function refusedToJoin(path: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError(
    `--userns=ns:${path}: a command does not join the user namespace of other processes, over which it would have every capability it has in its own`,
    {
      hint: `The same ids in a namespace of its own have, by /proc/PID/uid_map and gid_map of a process in ${path}, --userns-uid-map and --userns-gid-map`,
    },
  );
}

function readMaps({ uidMaps, gidMaps, uidMapUser, gidMapGroup }: UserNamespaceOptions, idMode: IdMode): IdMaps | undefined {
  const uids = uidMaps.length > 0 ? parseIdMaps(uidMaps, '--userns-uid-map') : undefined;
  const gids = gidMaps.length > 0 ? parseIdMaps(gidMaps, '--userns-gid-map') : undefined;
  const user = uidMapUser ?? gidMapGroup;
  const group = gidMapGroup ?? uidMapUser;
  const own = idMode === 'root' ? undefined : ownIdMaps();
  const ofUser = uids ?? (user === undefined ? undefined : fromSubordinate('/etc/subuid', user, own?.uids));
  const ofGroup = gids ?? (group === undefined ? undefined : fromSubordinate('/etc/subgid', group, own?.gids));
  const either = ofUser ?? ofGroup;
  return either === undefined ? undefined : { uids: ofUser ?? either, gids: ofGroup ?? either };
}

/**
 * All that the file has for a name, one after the other.
 *
 * @param own what the builder's ids are on the machine, of which the file speaks; left out: they are the same
 */
function fromSubordinate(file: '/etc/subuid' | '/etc/subgid', name: string, own: readonly IdRange[] | undefined): readonly IdRange[] {
  let inside = 0;
  const ranges = subordinateRanges(file, name).map(({ first, count }) => {
    inside += count;
    return { inside: inside - count, outside: first, count };
  });
  if (ranges.length === 0) throw new UsageError(`no ranges for ${JSON.stringify(name)} in ${file}`);
  return own === undefined ? ranges : asOwn(ranges, own, `${file} gives ${JSON.stringify(name)}`);
}

function privateNamespace(idMode: IdMode): UserNamespaceChoice {
  if (idMode !== 'root') return undefined;
  const own = ownIdMaps();
  return { kind: 'own', maps: { uids: own.uids.map(unshifted), gids: own.gids.map(unshifted) } };
}

function unshifted({ inside, count }: IdRange): IdRange {
  return { inside, outside: inside, count };
}

function mappedNamespace(wanted: IdMaps, idMode: IdMode): UserNamespaceChoice {
  if (idMode === 'single') {
    const isOwn = [...wanted.uids, ...wanted.gids].every(({ inside, outside, count }) => inside === 0 && outside === 0 && count === 1);
    if (isOwn) return undefined;
    throw new UnsupportedFeatureError('there is one id only here, so no others can be mapped', {
      hint: 'An administrator gives this user more: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER',
    });
  }
  const own = ownIdMaps();
  const maps = {
    uids: withinOwn(wanted.uids, own.uids, '--userns-uid-map'),
    gids: withinOwn(wanted.gids, own.gids, '--userns-gid-map'),
  };
  return { kind: 'own', maps };
}

function autoNamespace(options: string, idMode: IdMode): UserNamespaceChoice {
  const [, size] = /^size=(\d+)$/.exec(options) ?? [];
  if (options !== '' && size === undefined)
    throw new UsageError(`invalid --userns=auto:${options}`, {
      hint: 'There is size=N; ids that are mapped by hand are given by --userns-uid-map',
    });
  if (size !== undefined && (Number(size) < 1 || Number(size) > 2 ** 32 - 1)) throw new UsageError(`invalid size ${size} of --userns=auto`);
  // With one id there is nothing to choose from.
  return idMode === 'single' ? undefined : { kind: 'auto', size: size === undefined ? undefined : Number(size), of: idMode };
}
