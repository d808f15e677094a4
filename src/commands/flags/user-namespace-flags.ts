import type { UserNamespaceOptions } from '../../operations/surroundings/user-namespace.js';
import { text } from './flags.js';

/** Beside `--userns-uid-map` and `--userns-gid-map`, which are global. */
export const USER_NAMESPACE_FLAGS = {
  userns: text({ value: 'host|private|auto', summary: 'User namespace of commands: the one that tsbuild itself is in' }),
  'userns-uid-map-user': text({ hidden: true, summary: 'Not supported' }),
  'userns-gid-map-group': text({ hidden: true, summary: 'Not supported' }),
} as const;

export function userNamespaceOptions(flags: {
  readonly userns?: string | undefined;
  readonly 'userns-uid-map'?: string[] | undefined;
  readonly 'userns-gid-map'?: string[] | undefined;
  readonly 'userns-uid-map-user'?: string | undefined;
  readonly 'userns-gid-map-group'?: string | undefined;
}): UserNamespaceOptions {
  return {
    userns: flags.userns,
    uidMaps: flags['userns-uid-map'] ?? [],
    gidMaps: flags['userns-gid-map'] ?? [],
    uidMapUser: flags['userns-uid-map-user'],
    gidMapGroup: flags['userns-gid-map-group'],
  };
}
