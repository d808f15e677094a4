import { UnsupportedFeatureError, UsageError } from '../../errors.js';

/** `--userns` and the flags that map ids, as written. */
export interface UserNamespaceOptions {
  readonly userns?: string | undefined;
  readonly uidMaps: readonly string[];
  readonly gidMaps: readonly string[];
  readonly uidMapUser?: string | undefined;
  readonly gidMapGroup?: string | undefined;
}

/**
 * Commands run in the user namespace that tsbuild itself entered. Flags that ask for what that is are fine.
 *
 * @param rootless whether it is one of its own
 * @throws {UsageError} a flag that cannot be read
 * @throws {UnsupportedFeatureError} another namespace
 */
export function checkUserNamespace(options: UserNamespaceOptions, rootless: boolean): void {
  const { userns = 'host', uidMaps, gidMaps, uidMapUser, gidMapGroup } = options;
  for (const map of [...uidMaps, ...gidMaps]) checkMap(map);
  if (uidMapUser !== undefined || gidMapGroup !== undefined) refuse('--userns-uid-map-user and --userns-gid-map-group');
  const [kind = ''] = userns.split(':');
  if (kind === 'ns') refuse(`--userns=${userns}`);
  switch (kind) {
    case '':
    case 'host':
      return;
    case 'private':
    case 'auto':
    case 'container':
      if (!rootless) refuse(`--userns=${userns} for root`);
      return;
    default:
      throw new UsageError(`unrecognized user namespace setting ${JSON.stringify(userns)}`, { hint: 'There are host, private and auto' });
  }
}

function checkMap(map: string): void {
  const triples = map.split(',').map((text) => /^(\d+):(\d+):(\d+)$/.exec(text.trim()));
  for (const triple of triples) {
    if (triple === null) throw new UsageError(`invalid id map ${JSON.stringify(map)}: expected CONTAINER:HOST:SIZE`);
    if (triple[1] !== triple[2]) refuse(`The id map ${map}`);
  }
}

function refuse(what: string): never {
  throw new UnsupportedFeatureError(`${what} is not supported: files of the store have their owners by the ids that tsbuild has`, {
    hint: 'Run tsbuild as a user whose ranges in /etc/subuid and /etc/subgid are those you want',
  });
}
