import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../context/index.js';
import { UnsupportedFeatureError } from '../../errors.js';
import type { SandboxMount } from '../../sandbox/index.js';
import { closeFd, type Fd, O_PATH, openat2 } from '../../sys/index.js';
import { contentOf, type RootState, withLowers } from './root-state.js';
import type { Toolbox } from './toolbox.js';

/** Something mounted while one RUN runs; gone afterwards. Targets are absolute. */
export type RunMount =
  /** From the build context, or from the root of the step's `input`-th mount source. Never written to. */
  | {
      readonly kind: 'bind';
      readonly target: string;
      readonly source: string;
      readonly from: { readonly context: Context } | { readonly input: number };
    }
  /** A directory of the host (`--volume`): the user vouches for it, it is in no key. */
  | { readonly kind: 'volume'; readonly target: string; readonly hostPath: string; readonly readOnly: boolean }
  | {
      readonly kind: 'cache';
      readonly target: string;
      readonly id: string;
      readonly readOnly: boolean;
      readonly modeBits: number | undefined;
    }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly sizeBytes: number | undefined; readonly modeBits: number | undefined };

/** The mounts' part of a RUN's key: where they are, and the content of what comes from the build. */
export async function runMountInputs(
  mounts: readonly RunMount[],
  sources: readonly RootState[],
  toolbox: Toolbox,
): Promise<Record<string, string>> {
  const inputs: Record<string, string> = {};
  for (const mount of mounts) {
    const name = `mount.${mount.target}`;
    switch (mount.kind) {
      case 'bind': {
        const content =
          'context' in mount.from
            ? await mount.from.context.digest([mount.source === '' ? '.' : mount.source])
            : `${await contentOf(sources[mount.from.input]!)} ${mount.source}`;
        inputs[name] = `bind ${content}`;
        break;
      }
      case 'cache':
        inputs[name] = `cache ${mount.id} ${toolbox.platform}`;
        break;
      case 'volume':
      case 'tmpfs':
        inputs[name] = mount.kind;
        break;
    }
  }
  return inputs;
}

export interface OpenedMounts {
  readonly mounts: readonly SandboxMount[];
  close(): Promise<void>;
}

/** Opens what is to be mounted. The caller closes it when the command has ended. */
export async function openRunMounts(
  mounts: readonly RunMount[],
  sources: readonly RootState[],
  toolbox: Toolbox,
  options: { readonly signal: AbortSignal },
): Promise<OpenedMounts> {
  const fds: Fd[] = [];
  const opened: SandboxMount[] = [];
  const close = async (): Promise<void> => {
    for (const fd of fds.splice(0)) closeFd(fd);
  };
  try {
    for (const mount of mounts) opened.push(await openMount(mount, sources, toolbox, fds, options));
  } catch (error) {
    await close();
    throw error;
  }
  return { mounts: opened, close };
}

async function openMount(
  mount: RunMount,
  sources: readonly RootState[],
  toolbox: Toolbox,
  fds: Fd[],
  options: { readonly signal: AbortSignal },
): Promise<SandboxMount> {
  switch (mount.kind) {
    case 'bind': {
      const root = 'context' in mount.from ? mount.from.context.root : await openRoot(sources[mount.from.input]!, toolbox, fds, options);
      // The source is resolved inside its own root; the mount is made on the descriptor, so nothing can be swapped in between.
      const source = openat2(root, mount.source === '' ? '.' : mount.source, { flags: O_PATH });
      fds.push(source);
      return { kind: 'bind', target: mount.target, source, readOnly: true, recursive: false };
    }
    case 'volume':
      return { kind: 'bind', target: mount.target, source: mount.hostPath, readOnly: mount.readOnly, recursive: true };
    case 'cache':
      return { kind: 'bind', target: mount.target, source: cacheDirectory(mount.id, mount.modeBits, toolbox), readOnly: mount.readOnly };
    case 'tmpfs':
      return { kind: 'tmpfs', target: mount.target, sizeBytes: mount.sizeBytes, modeBits: mount.modeBits };
  }
}

async function openRoot(root: RootState, toolbox: Toolbox, fds: Fd[], options: { readonly signal: AbortSignal }): Promise<Fd> {
  const fd = await withLowers(root, toolbox.snapshots, options, (lowers) => toolbox.snapshots.openMerged(lowers));
  fds.push(fd);
  return fd;
}

/** One directory per id and platform; the id is hashed, so it cannot lead elsewhere. */
function cacheDirectory(id: string, modeBits: number | undefined, toolbox: Toolbox): string {
  const name = createHash('sha256').update(`${id}\n${toolbox.platform}`).digest('hex');
  const directory = join(toolbox.store.cacheMountsDir, name);
  if (mkdirSync(directory, { recursive: true }) !== undefined) chmodSync(directory, modeBits ?? 0o755);
  return directory;
}

/** @throws {UnsupportedFeatureError} what tsbuild does not mount yet */
export function unsupportedMount(what: string): never {
  throw new UnsupportedFeatureError(`RUN --mount: ${what} is not supported yet`, { hint: 'Use type bind, cache (shared) or tmpfs' });
}
