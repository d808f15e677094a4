import type { Confidants, RunMount } from '../../builder/steps/index.js';
import type { Confinement, ResourceLimit, ResourceLimits } from '../../sandbox/index.js';
import type { Services } from '../context.js';
import { type ConfinementOptions, readConfinement } from './confinement.js';
import type { CommandMount } from './image-mounts.js';
import { parseMountFlag } from './mount-flag.js';
import { type ResourceOptions, readResources } from './resource-flags.js';
import { parseShmSize, parseVolume } from './run-flags.js';
import { readSecretFlags } from './secrets.js';
import { readSshFlags } from './ssh-agents.js';

/** What the command line gives to commands beside their instructions, as written there. */
export interface CommandOptions {
  readonly volumes: readonly string[];
  readonly mounts: readonly string[];
  readonly devices: readonly string[];
  readonly limits: readonly string[];
  readonly shmSize?: string | undefined;
  readonly secrets: readonly string[];
  readonly ssh: readonly string[];
  readonly confinement: ConfinementOptions;
  readonly resources: ResourceOptions;
  /** Where names of devices are looked up, beside the usual directories. */
  readonly cdiDirectories: readonly string[];
}

export interface CommandSurroundings {
  /** Mounts of every command. */
  readonly volumes: readonly CommandMount[];
  readonly confidants: Confidants;
  readonly limits: readonly ResourceLimit[];
  readonly shmSizeBytes: number | undefined;
  readonly confinement: Confinement;
  readonly resources: ResourceLimits | undefined;
  /** Call it when no command runs any more. */
  close(): Promise<void>;
}

/**
 * @param directory that sources of bind mounts are relative to; left out: the working directory
 * @throws {UsageError} a flag that cannot be read, or that names what is not there
 */
export async function readCommandOptions(
  options: CommandOptions,
  { settings, reporter }: Pick<Services, 'settings' | 'reporter'>,
  directory?: string,
): Promise<CommandSurroundings> {
  const secret = readSecretFlags(options.secrets, settings.environment);
  const agents = readSshFlags(options.ssh, settings);
  return {
    volumes: [
      ...options.volumes.map(parseVolume),
      ...options.mounts.map((text) => parseMountFlag(text, directory)),
      ...(await deviceMounts(options, reporter)),
    ],
    confidants: { secret, openSshAgent: (id) => agents.open(id) },
    limits: await readLimits(options.limits),
    shmSizeBytes: parseShmSize(options.shmSize),
    resources: readResources(options.resources),
    confinement: await readConfinement(options.confinement),
    close: () => agents.close(),
  };
}

async function deviceMounts({ devices, cdiDirectories }: CommandOptions, reporter: Services['reporter']): Promise<readonly RunMount[]> {
  if (devices.length === 0) return [];
  const { readDevice } = await import('./devices/device-flag.js');
  const { CDI_DIRECTORIES } = await import('./devices/cdi.js');
  return devices.flatMap((text) => {
    const { mounts, env, hasHooks } = readDevice(text, [...CDI_DIRECTORIES, ...cdiDirectories]);
    if (hasHooks) reporter.report({ kind: 'warning', text: `device ${text}: its hooks are not run` });
    return Object.keys(env).length === 0 ? mounts : [...mounts, { kind: 'variables' as const, env }];
  });
}

async function readLimits(flags: readonly string[]): Promise<readonly ResourceLimit[]> {
  if (flags.length === 0) return [];
  // It knows the limits by the code that runs commands, which a build from the cache does not load.
  const { parseLimit } = await import('./limit-flag.js');
  return flags.map(parseLimit);
}
