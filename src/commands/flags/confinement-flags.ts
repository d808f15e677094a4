import type { ConfinementOptions } from '../../operations/surroundings/confinement.js';
import { list } from './flags.js';

export const CAPABILITY_FLAGS = {
  'cap-add': list({ value: 'NAME[,NAME]', summary: 'Give commands these capabilities too; all: every one' }),
  'cap-drop': list({ value: 'NAME[,NAME]', summary: 'Take these capabilities from commands; all: every one that is not added' }),
} as const;

export const CONFINEMENT_FLAGS = {
  ...CAPABILITY_FLAGS,
  'security-opt': list({
    value: 'NAME[=VALUE]',
    summary: 'Confine commands otherwise: seccomp=FILE|unconfined, apparmor=..., label=..., no-new-privileges, mask=..., unmask=...',
  }),
} as const;

/** @param capabilities those of containers.conf */
export function confinementOptions(
  flags: {
    readonly 'cap-add'?: string[] | undefined;
    readonly 'cap-drop'?: string[] | undefined;
    readonly 'security-opt'?: string[] | undefined;
  },
  capabilities?: readonly string[],
): ConfinementOptions {
  return {
    capabilities,
    addCapabilities: flags['cap-add'] ?? [],
    dropCapabilities: flags['cap-drop'] ?? [],
    securityOptions: flags['security-opt'] ?? [],
  };
}
