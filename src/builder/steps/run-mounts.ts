import type { ContextSource } from '../../context/index.js';
import type { MountPropagation } from '../../sandbox/index.js';
import type { CacheSharing } from '../../store/index.js';
import type { Fd } from '../../sys/index.js';
import { digestPaths, escapeWildcards } from './copy-sources.js';
import { contentOf, type RootState } from './root-state.js';
import type { StepInputs } from './step-definition.js';
import type { Selection } from './step-key.js';
import type { Toolbox } from './toolbox.js';

/** What bind and cache mounts read: the build context, or the root of the step's `input`-th mount source. */
export type MountOrigin = { readonly context: ContextSource } | { readonly input: number };

/** Something mounted while one RUN runs; gone afterwards. Targets are absolute. */
export type RunMount = RunBind | RunVolume | RunDevice | RunVariables | RunCache | RunTmpfs | RunSecret | RunSsh;

interface Owned {
  readonly modeBits: number;
  readonly uid: number;
  readonly gid: number;
}

/** What may be said of any mount, and is not part of what is mounted. */
export interface MountTraits {
  readonly nosuid?: boolean;
  readonly nodev?: boolean;
  readonly noexec?: boolean;
  /** Everything in it is given to the user of the command first. */
  readonly chown?: boolean;
  /** Everything in it gets an SELinux label first, which other containers may use too, or only this one. */
  readonly relabel?: 'shared' | 'private';
  /** What is mounted later, here or there, and the other side: see mount_namespaces(7). */
  readonly propagation?: MountPropagation;
}

/** From the build. Never written to: what a command writes, where it may, is thrown away. */
export interface RunBind extends MountTraits {
  readonly kind: 'bind';
  readonly target: string;
  readonly source: string;
  readonly from: MountOrigin;
  readonly readOnly: boolean;
}

/** A file or directory of the host (`--volume`): the user vouches for it, its content is in no key. */
export interface RunVolume extends MountTraits {
  readonly kind: 'volume';
  readonly target: string;
  readonly hostPath: string;
  readonly readOnly: boolean;
  /** Writes go to a throw-away layer over it. */
  readonly overlay?: boolean;
  /** False: without what is mounted beneath it. */
  readonly recursive?: boolean;
}

/** A device node of the host. */
export interface RunDevice {
  readonly kind: 'device';
  readonly target: string;
  readonly hostPath: string;
  readonly readOnly: boolean;
}

/** Variables that something mounted brings with it; they win over those of the image. */
export interface RunVariables {
  readonly kind: 'variables';
  readonly env: Readonly<Record<string, string>>;
}

export interface RunCache extends MountTraits {
  readonly kind: 'cache';
  readonly target: string;
  readonly id: string;
  readonly sharing: CacheSharing;
  readonly readOnly: boolean;
  /** What a new one begins with; undefined: it begins empty, and `source` is a directory in it. */
  readonly from: MountOrigin | undefined;
  readonly source: string;
  /** Of a new one; undefined: 0755, or that of what it begins with. */
  readonly modeBits: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export interface RunTmpfs extends MountTraits {
  readonly kind: 'tmpfs';
  readonly target: string;
  readonly sizeBytes: number | undefined;
  readonly modeBits: number | undefined;
  readonly readOnly: boolean;
}

export interface RunSecret extends Owned {
  readonly kind: 'secret';
  readonly id: string;
  /** File to show it as, in memory only. */
  readonly target: string | undefined;
  /** Environment variable to set. */
  readonly env: string | undefined;
  readonly required: boolean;
}

export interface RunSsh extends Owned {
  readonly kind: 'ssh';
  readonly id: string;
  /** Where the agent's socket appears; undefined: `/run/buildkit/ssh_agent.N`. */
  readonly target: string | undefined;
  readonly required: boolean;
}

/** What the user lets commands see: asked for when a RUN mounts it, so that a cached build reads none of it. */
export interface Confidants {
  /** The bytes of a secret; undefined when there is none of that id. */
  secret(id: string): Uint8Array | undefined;
  /** An agent that signs with the keys of `id` and does nothing else; undefined when there is none of that id. */
  openSshAgent(id: string): Promise<SshAgent | undefined>;
}

/** A socket that somebody listens on, until it is closed. */
export interface SshAgent {
  readonly socket: Fd;
  close(): Promise<void>;
}

/** The mounts' part of a key: its inputs, and what is known of the selections among them, by the input's name. */
export interface MountInputs {
  readonly inputs: StepInputs;
  readonly selections: Readonly<Record<string, Selection>>;
}

/**
 * The mounts' part of a RUN's key: where they are, and the content of what comes from the build. Of secrets and agents only that they
 * are there, of what the host shows not even what is in it.
 */
export async function runMountInputs(
  mounts: readonly RunMount[],
  sources: readonly RootState[],
  toolbox: Toolbox,
  signal: AbortSignal,
): Promise<MountInputs> {
  const inputs: Record<string, string> = {};
  const selections: Record<string, Selection> = {};
  const select = async (name: string, origin: MountOrigin, source: string): Promise<string> => {
    const from = 'context' in origin ? origin : { root: sources[origin.input]! };
    const selection = await digestPaths(
      [source === '' ? '.' : escapeWildcards(source)],
      { exclude: [], parents: false },
      from,
      toolbox,
      signal,
    );
    selections[name] = selection;
    return selection.digest;
  };
  for (const mount of mounts) {
    // They belong to a device of this machine, which is in no key either.
    if (mount.kind === 'variables') continue;
    const name = `mount.${mount.kind === 'secret' || mount.kind === 'ssh' ? `${mount.kind}.${mount.id}` : mount.target}`;
    switch (mount.kind) {
      case 'bind':
        inputs[name] = `bind ${await select(name, mount.from, mount.source)} ${visibleOptions(mount)}`;
        break;
      case 'cache': {
        const origin = mount.from === undefined ? '' : ` ${await select(name, mount.from, mount.source)}`;
        inputs[name] = `cache ${mount.id} ${toolbox.platform}${origin} ${visibleOptions(mount)}`;
        break;
      }
      case 'secret':
        inputs[name] = `${mount.target ?? ''} ${mount.env ?? ''}`;
        break;
      case 'ssh':
        inputs[name] = mount.target ?? '';
        break;
      default:
        inputs[name] = `${mount.kind} ${visibleOptions(mount)}`;
    }
  }
  return { inputs, selections };
}

/** Told apart by the name of the input or by content, or not noticed by a command. */
const UNSEEN: ReadonlySet<string> = new Set(['kind', 'target', 'source', 'from', 'hostPath', 'id', 'sharing', 'propagation']);

/** What else of a mount a command can notice: `readOnly`, `sizeBytes`, ... */
function visibleOptions(mount: RunMount): string {
  return JSON.stringify(
    Object.entries(mount)
      .filter(([name, value]) => !UNSEEN.has(name) && value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Names what a cache begins with, by content. */
export async function originContent(
  origin: MountOrigin,
  source: string,
  sources: readonly RootState[],
  signal: AbortSignal,
): Promise<string> {
  if ('context' in origin) return (await origin.context.open(signal)).digest([source === '' ? '.' : source]);
  return `${await contentOf(sources[origin.input]!)} ${source}`;
}
