import type { Confidants } from '../../builder/steps/index.js';
import type { Confinement, ResourceLimit } from '../../sandbox/index.js';
import { type ConfinementOptions, readConfinement } from './confinement.js';
import type { CommandMount } from './image-mounts.js';
import { parseMountFlag } from './mount-flag.js';
import { parseDevice, parseShmSize, parseVolume } from './run-flags.js';
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
}

export interface CommandSurroundings {
  /** Mounts of every command. */
  readonly volumes: readonly CommandMount[];
  readonly confidants: Confidants;
  readonly limits: readonly ResourceLimit[];
  readonly shmSizeBytes: number | undefined;
  readonly confinement: Confinement;
  /** Call it when no command runs any more. */
  close(): Promise<void>;
}

/**
 * @param directory that sources of bind mounts are relative to; left out: the working directory
 * @throws {UsageError} a flag that cannot be read, or that names what is not there
 */
export async function readCommandOptions(
  options: CommandOptions,
  place: { readonly environment: Readonly<Record<string, string | undefined>>; readonly runRoot: string },
  directory?: string,
): Promise<CommandSurroundings> {
  const secret = readSecretFlags(options.secrets, place.environment);
  const agents = readSshFlags(options.ssh, place);
  return {
    volumes: [
      ...options.volumes.map(parseVolume),
      ...options.mounts.map((text) => parseMountFlag(text, directory)),
      ...options.devices.map(parseDevice),
    ],
    confidants: { secret, openSshAgent: (id) => agents.open(id) },
    limits: await readLimits(options.limits),
    shmSizeBytes: parseShmSize(options.shmSize),
    confinement: await readConfinement(options.confinement),
    close: () => agents.close(),
  };
}

async function readLimits(flags: readonly string[]): Promise<readonly ResourceLimit[]> {
  if (flags.length === 0) return [];
  // It knows the limits by the code that runs commands, which a build from the cache does not load.
  const { parseLimit } = await import('./limit-flag.js');
  return flags.map(parseLimit);
}
