import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demand } from './docker-registry.js';
import { fastTempRoot } from './temp-dir.js';
import { type Run, type RunOptions, run, runOk } from './tsbuild.js';

const isRoot = process.getuid?.() === 0;

/** Debian's own tools, on stores of their own, as readers of what tsbuild wrote. A tool that is not installed skips the test. */
export class Peers {
  readonly #env: Readonly<Record<string, string>>;
  readonly #link = join(fastTempRoot(), `tsbuild-layout-${process.pid}`);

  /** @param directory made; theirs alone */
  constructor(readonly directory: string) {
    mkdirSync(directory, { recursive: true });
    // Limits and control groups as they are: an ordinary user, and root in a container, may not change them.
    writeFileSync(
      join(directory, 'containers.conf'),
      '[containers]\ncgroups = "disabled"\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n',
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

  skopeo(...args: readonly string[]): Promise<Run> {
    demand('skopeo');
    return runOk(['skopeo', ...args], { env: this.#env });
  }

  /**
   * Unpacks an image with umoci and runs it with runc, as an ordinary user with the only id such a bundle has: 0.
   *
   * @param image path of a layout, `:` and the name there; its layers gzip, the only compression that umoci 0.4 knows
   * @param command in place of what the image runs by itself
   * @returns what it printed
   */
  async runBundle(image: string, command?: readonly string[]): Promise<string> {
    demand('umoci');
    demand('runc');
    const bundle = join(this.directory, 'bundle');
    await runOk(['umoci', 'unpack', ...(isRoot ? [] : ['--rootless']), '--image', image, bundle]);
    const file = join(bundle, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as {
      process: { terminal: boolean; args: readonly string[]; user: { uid: number; gid: number } };
    };
    config.process.terminal = false;
    if (command !== undefined) config.process.args = command;
    if (!isRoot) config.process.user = { uid: 0, gid: 0 };
    writeFileSync(file, JSON.stringify(config));
    const argv = ['runc', '--root', join(this.directory, 'runc'), 'run', `tsbuild-test-${process.pid}`];
    return (await this.#whereRuntimesWork(argv, { cwd: bundle })).stdout;
  }

  /**
   * Runs a command in a working container of Buildah's, with the user of the image.
   * @param layout of which the image is read in place
   */
  async buildahRun(layout: string, name: string, command: readonly string[]): Promise<string> {
    demand('buildah');
    const isolation = isRoot ? [] : ['--isolation', 'chroot'];
    const { stdout } = await this.#whereRuntimesWork(['buildah', 'from', '--quiet', `oci:${this.#lowerCase(layout)}:${name}`]);
    const container = stdout.trim();
    try {
      return (await this.#whereRuntimesWork(['buildah', 'run', ...isolation, container, '--', ...command])).stdout;
    } finally {
      await this.#whereRuntimesWork(['buildah', 'rm', container]);
    }
  }

  /** Builds `context` on the image `image` of the layout `base`, named `baseName` in FROM; the result is `image` of the layout `result`. */
  async buildahBuild(context: string, base: string, baseName: string, result: string): Promise<void> {
    demand('buildah');
    const { stdout } = await this.#whereRuntimesWork(['buildah', 'pull', '--quiet', `oci:${this.#lowerCase(base)}:image`]);
    await this.#whereRuntimesWork(['buildah', 'tag', stdout.trim(), baseName]);
    await this.#whereRuntimesWork(['buildah', 'bud', '--layers', '--quiet', '--tag', 'localhost/result', context]);
    await this.#whereRuntimesWork(['buildah', 'push', '--quiet', '--format', 'oci', 'localhost/result', `oci:${result}:image`]);
  }

  /**
   * Builds `context` with all of its layers in one and calls it `result`, which may be in any transport.
   *
   * @returns how it ended: a build may fail
   */
  async buildahTry(context: string, args: readonly string[], result: string): Promise<Run> {
    demand('buildah');
    const command = ['buildah', 'bud', '--format', 'docker', '--disable-compression', '--quiet', '--pull-never', '--tag', result, ...args];
    return this.#whereRuntimesWork([...command, context], { cwd: context }, run);
  }

  /** Runs what the image runs by itself, as root: an ordinary user's podman wants a device for its network. */
  async podmanRun(layout: string, name: string, ...args: readonly string[]): Promise<string> {
    demand('podman');
    const image = `oci:${this.#lowerCase(layout)}:${name}`;
    return (await this.#whereRuntimesWork(['podman', 'run', '--rm', '--network', 'host', image, ...args])).stdout;
  }

  /** Buildah and podman make an image's name of the path of its layout, and a name must be in lower case. */
  #lowerCase(layout: string): string {
    rmSync(this.#link, { force: true });
    symlinkSync(layout, this.#link);
    return this.#link;
  }

  /** Ends what the peers left mounted and in use. Call it before the directory goes. */
  async close(): Promise<void> {
    rmSync(this.#link, { force: true });
    const script = isRoot ? [] : ['buildah', 'unshare'];
    await runOk(
      [
        'sh',
        '-c',
        'umount "$0/graph/overlay" 2>/dev/null; exec "$@"',
        this.directory,
        ...script,
        'rm',
        '-rf',
        join(this.directory, 'graph'),
        // What Buildah gives to the ids of a map.
        join(this.directory, `containers-user-${process.getuid?.()}`),
      ],
      {
        env: this.#env,
      },
    );
  }

  /** runc and crun refuse a machine that shows both versions of control groups; root can hide one. */
  #whereRuntimesWork(argv: readonly string[], options: RunOptions = {}, start = runOk): Promise<Run> {
    const onlyCgroup2 = 'umount -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"';
    const wrapped = isRoot ? ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', onlyCgroup2, 'sh', ...argv] : argv;
    return start(wrapped, { ...options, env: this.#env });
  }
}

/** Runs `body` with peers below `parent`. */
export async function withPeers<T>(parent: string, body: (peers: Peers) => Promise<T>): Promise<T> {
  const peers = new Peers(join(parent, 'peers'));
  try {
    return await body(peers);
  } finally {
    await peers.close();
  }
}
