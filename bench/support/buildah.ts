import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './measure.js';

/**
 * Debian's buildah on a store of its own. It runs where only cgroup2 shows, because its runtimes refuse a machine that mounts both versions,
 * and with limits this machine's root may set.
 */
export class Buildah {
  readonly #env: Record<string, string>;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(
      join(directory, 'containers.conf'),
      '[containers]\ncgroups = "disabled"\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n',
    );
    writeFileSync(
      join(directory, 'storage.conf'),
      `[storage]\ndriver = "overlay"\ngraphroot = "${join(directory, 'graph')}"\nrunroot = "${join(directory, 'run')}"\n`,
    );
    this.#env = {
      CONTAINERS_CONF: join(directory, 'containers.conf'),
      CONTAINERS_STORAGE_CONF: join(directory, 'storage.conf'),
      TMPDIR: directory,
      BUILDAH_RUNTIME: 'runc',
    };
  }

  command(args: readonly string[], options: Partial<Command> = {}): Command {
    const onlyCgroup2 = 'umount -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"';
    return {
      ...options,
      argv: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', onlyCgroup2, 'sh', 'buildah', ...args],
      env: this.#env,
    };
  }
}
