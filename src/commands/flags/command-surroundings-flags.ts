import type { CommandOptions } from '../../operations/surroundings/command-surroundings.js';
import { confinementOptions } from './confinement-flags.js';
import { list, text } from './flags.js';
import { resourceOptions } from './resource-flags.js';

export const DEVICE_FLAGS = {
  device: list({
    value: 'HOST[:TARGET]|NAME',
    summary: 'Give commands a device of this machine, those of a directory, or one by its CDI name',
  }),
  'cdi-spec-dir': list({
    aliases: ['cdi-config-dir'],
    value: 'path',
    summary: 'Look for CDI names there too, beside /etc/cdi and /var/run/cdi',
  }),
};

/** Flags of every command that runs commands. */
export const MOUNT_FLAGS = {
  ...DEVICE_FLAGS,
  mount: list({ value: 'type=...,target=...', summary: 'Mount something for every command: bind, cache, tmpfs, secret or ssh' }),
  'shm-size': text({ value: 'SIZE', summary: 'Size of /dev/shm (default: 64m)' }),
  ulimit: list({ value: 'NAME=SOFT[:HARD]', summary: 'Limit a resource of commands' }),
  volume: list({ char: 'v', value: 'SOURCE:TARGET[:OPTIONS]', summary: 'Show a directory of this machine to commands: ro, rw, O, U' }),
};

/** Of a build, which has secrets of its own. */
export const SECRET_FLAGS = {
  secret: list({ value: 'id=ID[,src=FILE|,env=NAME]', summary: 'A secret that RUN --mount=type=secret may read' }),
  ssh: list({ value: 'default|ID[=SOCKET|KEY,...]', summary: 'An agent or keys that RUN --mount=type=ssh may sign with' }),
};

/** @param capabilities those of containers.conf */
export function commandOptions(
  flags: {
    readonly 'cap-add'?: string[] | undefined;
    readonly 'cap-drop'?: string[] | undefined;
    readonly 'security-opt'?: string[] | undefined;
    readonly device?: string[] | undefined;
    readonly mount?: string[] | undefined;
    readonly 'shm-size'?: string | undefined;
    readonly ulimit?: string[] | undefined;
    readonly volume?: string[] | undefined;
    readonly secret?: string[] | undefined;
    readonly ssh?: string[] | undefined;
    readonly 'cdi-spec-dir'?: string[] | undefined;
  } & Parameters<typeof resourceOptions>[0],
  capabilities?: readonly string[],
): CommandOptions {
  return {
    devices: flags.device ?? [],
    mounts: flags.mount ?? [],
    shmSize: flags['shm-size'],
    limits: flags.ulimit ?? [],
    volumes: flags.volume ?? [],
    secrets: flags.secret ?? [],
    ssh: flags.ssh ?? [],
    confinement: confinementOptions(flags, capabilities),
    resources: resourceOptions(flags),
    cdiDirectories: flags['cdi-spec-dir'] ?? [],
  };
}
