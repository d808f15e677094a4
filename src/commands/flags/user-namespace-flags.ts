import type { UserNamespaceOptions } from '../../operations/surroundings/user-namespace.js';
import { text } from './flags.js';

/** Beside `--userns-uid-map` and `--userns-gid-map`, which are global. */
export const USER_NAMESPACE_FLAGS = {
  userns: text({ value: 'host|container|auto[:size=N]', summary: 'User namespace of commands: the one of tsbuild, or one of their own' }),
  'userns-uid-map-user': text({ value: 'USER', summary: 'Map users to the ids of this user in /etc/subuid' }),
  'userns-gid-map-group': text({ value: 'GROUP', summary: 'Map groups to the ids of this group in /etc/subgid' }),
} as const;

/** Undefined: no flag says anything. */
export function userNamespaceOptions(flags: {
  readonly userns?: string | undefined;
  readonly 'userns-uid-map'?: string[] | undefined;
  readonly 'userns-gid-map'?: string[] | undefined;
  readonly 'userns-uid-map-user'?: string | undefined;
  readonly 'userns-gid-map-group'?: string | undefined;
}): UserNamespaceOptions | undefined {
  const { userns, 'userns-uid-map': uidMaps, 'userns-gid-map': gidMaps } = flags;
  const { 'userns-uid-map-user': uidMapUser, 'userns-gid-map-group': gidMapGroup } = flags;
  const said = [userns, uidMaps, gidMaps, uidMapUser, gidMapGroup].some((value) => value !== undefined);
  return said ? { userns, uidMaps: uidMaps ?? [], gidMaps: gidMaps ?? [], uidMapUser, gidMapGroup } : undefined;
}
