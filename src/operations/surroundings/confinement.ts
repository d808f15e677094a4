import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { UsageError } from '../../errors.js';
import type { Confinement } from '../../sandbox/index.js';

/** `--cap-add`, `--cap-drop` and `--security-opt`, as written. */
export interface ConfinementOptions {
  /** In place of the default ones, where nothing was decided before. */
  readonly capabilities?: readonly string[] | undefined;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly securityOptions: readonly string[];
}

const APPARMOR = '/sys/kernel/security/apparmor';

/**
 * @param base what a working container was made with; undefined: the defaults
 * @throws {UsageError} a flag that cannot be read, or that asks for what this machine has not
 */
export async function readConfinement(options: ConfinementOptions, base: Confinement = {}): Promise<Confinement> {
  const { addCapabilities, dropCapabilities, securityOptions } = options;
  const start = base.capabilities ?? options.capabilities;
  const changesCapabilities = addCapabilities.length > 0 || dropCapabilities.length > 0 || start !== base.capabilities;
  if (!changesCapabilities && securityOptions.length === 0) return base;
  // What knows capabilities and labels by name is not loaded by a build that asks for neither.
  const { DEFAULT_CAPABILITIES, mergeCapabilities, parseLabelOption } = await import('../../sandbox/index.js');
  let confinement = base;
  for (const option of securityOptions) confinement = { ...confinement, ...readOption(option, confinement, parseLabelOption) };
  if (!changesCapabilities) return confinement;
  const [add, drop] = [words(addCapabilities), words(dropCapabilities)];
  const capabilities = asUsage(() => mergeCapabilities(start ?? DEFAULT_CAPABILITIES, add, drop));
  return { ...confinement, capabilities };
}

/** What a working container was made with. The store keeps it without knowing what it means. */
export function confinementOf(container: { readonly confinement?: unknown }): Confinement {
  return (container.confinement ?? {}) as Confinement;
}

function words(flags: readonly string[]): string[] {
  return flags.flatMap((flag) => flag.split(',')).filter((word) => word !== '');
}

function readOption(option: string, present: Confinement, parseLabelOption: (text: string) => unknown): Confinement {
  if (option === 'no-new-privileges') return { noNewPrivileges: true };
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(option) ?? [];
  switch (name) {
    case 'no-new-privileges':
      if (value !== 'true' && value !== 'false') break;
      return { noNewPrivileges: value === 'true' };
    case 'seccomp':
      return { seccomp: value === 'unconfined' ? value : { profile: readProfile(value) } };
    case 'apparmor':
      if (value === '') break;
      if (value !== 'unconfined' && !existsSync(APPARMOR))
        throw new UsageError(`--security-opt apparmor=${value}: this kernel has no AppArmor, so the profile cannot be set`);
      return { apparmor: value };
    case 'label':
      asUsage(() => parseLabelOption(value));
      return { label: [...(present.label ?? []), value] };
    case 'mask':
      return { mask: [...(present.mask ?? []), ...readPaths(value, option)] };
    case 'unmask':
      return { unmask: [...(present.unmask ?? []), ...(value.toLowerCase() === 'all' ? ['all'] : readPaths(value, option))] };
  }
  throw new UsageError(`invalid --security-opt ${JSON.stringify(option)}`, {
    hint: 'There are seccomp=FILE|unconfined, apparmor=PROFILE, label=..., no-new-privileges, mask=PATH:... and unmask=PATH:...|all',
  });
}

function readPaths(value: string, option: string): string[] {
  const paths = value.split(':');
  const wrong = paths.find((path) => !isAbsolute(path) || path.split('/').includes('..'));
  if (wrong !== undefined) throw new UsageError(`invalid --security-opt ${JSON.stringify(option)}: "${wrong}" is no absolute path`);
  return paths;
}

/** The text itself: the file may change before a command runs, and a cache key must know what was in it. */
function readProfile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`opening seccomp profile ${JSON.stringify(file)} failed: ${(error as Error).message}`, { cause: error });
  }
}

function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
