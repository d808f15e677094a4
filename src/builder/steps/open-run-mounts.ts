import type { ContextSource } from '../../context/index.js';
import { hasCode, UnsupportedFeatureError, UsageError } from '../../errors.js';
import type { Reporter } from '../../progress.js';
import { type SandboxFile, type SandboxMount, sharedLabel } from '../../sandbox/index.js';
import type { Shift, SnapshotDriver } from '../../snapshots/index.js';
import type { Store } from '../../store/index.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  cloneInside,
  closeFd,
  type Fd,
  fchmodat,
  fchownat,
  O_PATH,
  openat2,
  outsideOf,
} from '../../sys/index.js';
import type { BackgroundWork } from './background-work.js';
import { type OpenedCache, openCaches } from './cache-mount.js';
import { chownTree } from './chown-tree.js';
import { MountSourceError, SecretMissingError } from './errors.js';
import { labelTree } from './label-tree.js';
import type { OwnIds } from './own-ids.js';
import { type RootState, withLowers } from './root-state.js';
import type { Confidants, MountOrigin, MountTraits, RunMount, RunSecret, RunSsh } from './run-mounts.js';
import { openShiftedCopy } from './shifted-copy.js';
import { openThrowAway } from './throw-away.js';
import { withoutIgnored } from './without-ignored.js';

/** What mounts need of the program around them. */
export interface MountSurroundings {
  readonly store: Store;
  readonly snapshots: SnapshotDriver;
  readonly reporter: Reporter;
  readonly background: BackgroundWork;
  readonly platform: string;
  readonly singleId: boolean;
  readonly confidants: Confidants;
  /** SELinux label of the files the command finds; undefined: it has none. */
  readonly mountLabel?: string | undefined;
  /** The command's own ids, where it has some. */
  readonly ids?: OwnIds | undefined;
}

/** What a sandbox is to show, and how to end it. */
export interface OpenedMounts {
  readonly mounts: readonly SandboxMount[];
  readonly files: readonly SandboxFile[];
  /** Variables of the command, which win over all others. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

interface Opened {
  readonly fd: Fd;
  /** Its owners are those that the command shall see. */
  readonly shifted: boolean;
}

/** Who the command runs as, in the sandbox's ids. */
interface CommandUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Opens what is to be mounted. The caller closes it when the command has ended.
 *
 * Waits while another build has a cache to itself, and says so.
 * @throws {MountSourceError} the source of a mount is not there
 * @throws {SecretMissingError} a secret or an agent is required and there is none
 */
export async function openRunMounts(
  mounts: readonly RunMount[],
  sources: readonly RootState[],
  user: CommandUser,
  surroundings: MountSurroundings,
  options: { readonly signal: AbortSignal },
): Promise<OpenedMounts> {
  const opening = new Opening(sources, user, surroundings, options.signal);
  try {
    return await opening.open(mounts);
  } catch (error) {
    await opening.close();
    throw error;
  }
}

class Opening {
  readonly #mounts: SandboxMount[] = [];
  readonly #files: SandboxFile[] = [];
  readonly #env: Record<string, string> = {};
  readonly #closers: (() => void | Promise<void>)[] = [];
  #agents = 0;

  constructor(
    readonly sources: readonly RootState[],
    readonly user: CommandUser,
    readonly surroundings: MountSurroundings,
    readonly signal: AbortSignal,
  ) {}

  async open(mounts: readonly RunMount[]): Promise<OpenedMounts> {
    const caches = await this.#openCaches(mounts);
    for (const mount of mounts) await this.#add(mount, caches);
    return { mounts: this.#mounts, files: this.#files, env: this.#env, close: () => this.close() };
  }

  /** The last opened is the first to go. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }

  async #add(mount: RunMount, caches: ReadonlyMap<RunMount, OpenedCache>): Promise<void> {
    switch (mount.kind) {
      case 'bind': {
        const { kind, target, readOnly } = mount;
        // What is shown belongs to others too: its owners change in a layer of the command's own.
        const isKept = readOnly && mount.chown !== true;
        const opened = isKept
          ? await this.#openSource(mount.from, mount.source, this.#shift)
          : await this.#openWritable(mount.from, mount.source);
        const { fd: source, shifted } = await this.#withOwners(opened);
        await this.#give(source, mount, this.#outside(this.user));
        this.#mounts.push({ kind, target, source, readOnly, recursive: false, shifted: !shifted, ...bindFlags(mount), nodev: true });
        break;
      }
      case 'volume': {
        const { target, hostPath, readOnly } = mount;
        const host = this.#keep(openHost(hostPath));
        const source = mount.overlay === true ? (await this.#throwAway(host, undefined)).fd : host;
        // Files of the host keep their owners.
        await this.#give(source, mount, this.#outside(this.user));
        const recursive = mount.overlay !== true && mount.recursive !== false;
        this.#mounts.push({ kind: 'bind', target, source, readOnly, recursive, ...bindFlags(mount) });
        break;
      }
      case 'device':
        this.#mounts.push({
          kind: 'bind',
          target: mount.target,
          source: mount.hostPath,
          readOnly: mount.readOnly,
          nosuid: true,
          noexec: true,
        });
        break;
      case 'variables':
        Object.assign(this.#env, mount.env);
        break;
      case 'cache': {
        const { target, readOnly } = mount;
        const source = caches.get(mount)!.directory;
        // Of tsbuild's own: what is made in it gets the label of its directory.
        await this.#give(source, { ...mount, relabel: 'shared' }, this.#shift?.kind === 'copy' ? this.#outside(this.user) : this.user);
        this.#mounts.push({ kind: 'bind', target, source, readOnly, shifted: true, ...bindFlags(mount), nodev: true });
        break;
      }
      case 'tmpfs': {
        const { kind, target, sizeBytes, modeBits, readOnly } = mount;
        const owner = mount.chown === true ? { uid: this.user.uid, gid: this.user.gid } : {};
        this.#mounts.push({ kind, target, sizeBytes, modeBits, readOnly, ...owner, ...accessFlags(mount) });
        break;
      }
      case 'secret':
        this.#addSecret(mount);
        break;
      case 'ssh':
        await this.#addAgent(mount);
        break;
    }
  }

  /** With one id there is nobody else to give it to. */
  async #give(tree: Fd, { chown, relabel }: MountTraits, owner: CommandUser): Promise<void> {
    const { mountLabel } = this.surroundings;
    if (relabel !== undefined && mountLabel !== undefined)
      await labelTree(tree, relabel === 'shared' ? sharedLabel(mountLabel) : mountLabel);
    if (chown === true && !this.surroundings.singleId) await chownTree(tree, owner);
  }

  get #shift(): Shift | undefined {
    return this.surroundings.ids?.shift;
  }

  /** What files have that tsbuild shows and does not label. */
  get #label(): string | undefined {
    return this.surroundings.mountLabel;
  }

  #outside(user: CommandUser): CommandUser {
    const { ids } = this.surroundings;
    return ids === undefined ? user : outsideOf(ids.namespace, user);
  }

  #addSecret({ id, target, env, required, modeBits, uid, gid }: RunSecret): void {
    const content = this.surroundings.confidants.secret(id);
    if (content === undefined) {
      if (required) throw new SecretMissingError('secret', id);
      return;
    }
    if (target !== undefined) this.#files.push({ target, content, mode: modeBits, uid, gid, readOnly: true });
    if (env === undefined) return;
    if (content.includes(0)) throw new UsageError(`the secret "${id}" holds a NUL byte and cannot be the value of ${env}`);
    this.#env[env] = Buffer.from(content).toString('utf8');
  }

  async #addAgent(mount: RunSsh): Promise<void> {
    const agent = await this.surroundings.confidants.openSshAgent(mount.id);
    if (agent === undefined) {
      if (mount.required) throw new SecretMissingError('ssh', mount.id);
      return;
    }
    this.#closers.push(() => agent.close());
    // With one id there is one owner only, who the command runs as.
    if (!this.surroundings.singleId) giveSocket(agent.socket, mount.id, this.#outside(mount));
    fchmodat(agent.socket, '', mount.modeBits);
    const target = mount.target ?? `/run/buildkit/ssh_agent.${this.#agents}`; // BuildKit's path
    this.#agents++;
    this.#mounts.push({ kind: 'bind', target, source: agent.socket, readOnly: false, nosuid: true, nodev: true });
    this.#env.SSH_AUTH_SOCK ??= target;
  }

  async #openCaches(mounts: readonly RunMount[]): Promise<ReadonlyMap<RunMount, OpenedCache>> {
    const wanted = mounts.filter((mount) => mount.kind === 'cache');
    if (wanted.length === 0) return new Map();
    return openCaches(wanted, {
      ...this.surroundings,
      sources: this.sources,
      signal: this.signal,
      // They are filled with ids of the container.
      openOrigin: async (origin, source) => (await this.#openSource(origin, source, undefined)).fd,
      onOpened: (close) => this.#closers.push(close),
    });
  }

  /** The source, resolved inside its own root; the mount is made on the descriptor, so nothing can be swapped in between. */
  async #openSource(from: MountOrigin, source: string, shift: Shift | undefined): Promise<Opened> {
    if (!('context' in from)) {
      const root = await this.#withLowers(from.input, (lowers) =>
        this.surroundings.snapshots.openMerged(lowers, undefined, shift, this.#label),
      );
      return { fd: this.#keep(cloneOf(this.#keep(root), source)), shifted: true };
    }
    const { opened, lowers } = await this.#openOfContext(from.context, source);
    if (lowers === undefined) return { fd: opened, shifted: false };
    return { fd: this.#keep(await this.surroundings.snapshots.openMerged(lowers, undefined, shift, this.#label)), shifted: true };
  }

  /** `lowers`: what it is an overlay of, where the ignore rules leave something out. */
  async #openOfContext(mounted: ContextSource, source: string): Promise<{ readonly opened: Fd; readonly lowers?: readonly string[] }> {
    const context = await mounted.open(this.signal);
    const opened = this.#keep(openInside(context.root, source));
    const { snapshots } = this.surroundings;
    const filtered = await withoutIgnored(context, opened, source, snapshots, { always: this.#label !== undefined });
    if (filtered === undefined) return { opened };
    this.#closers.push(filtered.close);
    return { opened, lowers: filtered.lowers };
  }

  async #openWritable(from: MountOrigin, source: string): Promise<Opened> {
    if ('context' in from) {
      const { opened, lowers } = await this.#openOfContext(from.context, source);
      return this.#throwAway(opened, this.#shift, lowers);
    }
    const { snapshots } = this.surroundings;
    const root = await this.#withLowers(from.input, async (lowers) => {
      const working = await snapshots.prepare(lowers);
      this.#closers.push(() => snapshots.discard(working));
      return snapshots.openMerged(lowers, working, this.#shift, this.#label);
    });
    return { fd: this.#keep(cloneOf(this.#keep(root), source)), shifted: true };
  }

  async #throwAway(source: Fd, shift: Shift | undefined, lowers?: readonly string[]): Promise<Opened> {
    const { close, ...opened } = await openThrowAway(source, this.surroundings, shift, lowers);
    this.#closers.push(close);
    return opened;
  }

  #withLowers<T>(input: number, body: (lowers: readonly string[]) => Promise<T>): Promise<T> {
    return withLowers(this.sources[input]!, this.surroundings.snapshots, { signal: this.signal }, body);
  }

  /** Of what mounts cannot shift a copy. */
  async #withOwners(opened: Opened): Promise<Opened> {
    if (opened.shifted || this.#shift?.kind !== 'copy') return opened;
    const { store } = this.surroundings;
    const copy = await openShiftedCopy(opened.fd, this.#shift, store);
    if (copy === undefined) return opened;
    this.#closers.push(copy.close);
    return { fd: copy.fd, shifted: true };
  }

  #keep(fd: Fd): Fd {
    this.#closers.push(() => closeFd(fd));
    return fd;
  }
}

function accessFlags({ nosuid, nodev, noexec }: MountTraits) {
  return { nosuid: nosuid ?? false, nodev: nodev ?? false, noexec: noexec ?? false };
}

function bindFlags(traits: MountTraits) {
  return { ...accessFlags(traits), propagation: traits.propagation };
}

function giveSocket(socket: Fd, id: string, { uid, gid }: CommandUser): void {
  try {
    fchownat(socket, '', uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  } catch (error) {
    if (!hasCode(error, 'EINVAL')) throw error;
    throw new UnsupportedFeatureError(`the socket of ssh agent "${id}" cannot belong to ${uid}:${gid}, which is not mapped here`, {
      hint: 'Widen the range of ids in /etc/subuid and /etc/subgid',
      cause: error,
    });
  }
}

function openInside(root: Fd, source: string): Fd {
  return sourceOrError(source, () => openat2(root, source === '' ? '.' : source, { flags: O_PATH }));
}

function cloneOf(root: Fd, source: string): Fd {
  return sourceOrError(source, () => cloneInside(root, source === '' ? '.' : source));
}

/** A path of the user's own, links followed as everywhere. */
function openHost(path: string): Fd {
  return sourceOrError(path, () => openat2(AT_FDCWD, path, { flags: O_PATH, resolve: 0 }));
}

function sourceOrError(path: string, open: () => Fd): Fd {
  try {
    return open();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].some((code) => hasCode(error, code))) throw new MountSourceError(path, { cause: error });
    throw error;
  }
}
