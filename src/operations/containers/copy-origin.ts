import { closeSync, constants, openSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { escapeWildcards } from '../../builder/steps/index.js';
import { type Context, type ContextSource, digestSelection, openContext, openedContext, SourceTree } from '../../context/index.js';
import { hasCode, UsageError } from '../../errors.js';
import { closeFd, type Fd, openat2 } from '../../sys/index.js';
import type { Services, Workspace } from '../context.js';
import type { PullPolicy } from '../pull.js';
import { RegistryAccess, type RegistryOptions } from '../registry-access.js';
import { readyImage } from './ready-image.js';

/** Where `copy` and `add` read from, as they were told. */
export interface CopyOriginOptions extends RegistryOptions {
  /** A working container or an image; left out: this machine. */
  readonly from?: string | undefined;
  /** Directory that sources are relative to and cannot leave. */
  readonly contextDir?: string | undefined;
  readonly ignoreFile?: string | undefined;
  /** `--parents`. */
  readonly parents: boolean;
  readonly pull: PullPolicy;
}

export interface OpenedOrigin {
  readonly origin: { readonly context: ContextSource } | { readonly directory: Fd };
  /** A source as it is written, as one of the origin. */
  readonly sourceOf: (written: string) => string;
  close(): Promise<void>;
}

/**
 * Opens what is copied from.
 *
 * @throws {UsageError} an ignore file without a directory it is about
 * @throws {ImageNotFoundError} `from` is neither a container nor an image
 */
export async function openCopyOrigin(options: CopyOriginOptions, workspace: Workspace, services: Services): Promise<OpenedOrigin> {
  if (options.ignoreFile !== undefined && options.contextDir === undefined)
    throw new UsageError('--ignorefile option requires that you specify a context dir using --contextdir');
  if (options.from !== undefined) return openRoot(await rootOf(options.from, options, workspace, services), options.contextDir);
  return options.contextDir === undefined ? openMachine(options.parents) : openDirectory(options.contextDir, options.ignoreFile, workspace);
}

const asIs = (written: string): string => written;

/** Paths of this machine, relative ones from the working directory; no rules leave anything out. */
function openMachine(parents: boolean): OpenedOrigin {
  const root = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY);
  const tree = new SourceTree(root, { place: 'the file system of this machine' });
  const select: Context['select'] = (sources, selection) => tree.select(sources, selection);
  const context: Context = {
    root,
    select,
    async digest() {
      throw new TypeError('nothing asks for the digest of all of a machine');
    },
    digestSelection: (selected, { contentsOnly } = {}) => digestSelection(root, selected, { owners: false, contentsOnly }),
    async close() {
      closeSync(root);
    },
  };
  // The pivot is where --parents begins to count.
  const here = `${escapeWildcards(process.cwd())}/${parents ? './' : ''}`;
  return {
    origin: { context: openedContext(context) },
    sourceOf: (written) => (isAbsolute(written) ? written : `${here}${written}`),
    close: () => context.close(),
  };
}

async function openDirectory(directory: string, ignoreFile: string | undefined, { store }: Workspace): Promise<OpenedOrigin> {
  const context = await openContext({ directory: resolve(directory), ignoreFile, statCacheDirectory: store.statCacheDir });
  const root = resolve(directory);
  return { origin: { context: openedContext(context) }, sourceOf: (written) => belowContext(written, root), close: () => context.close() };
}

/** Buildah's users also write the whole path of what lies in the directory. */
function belowContext(written: string, root: string): string {
  if (written === root) return '.';
  return written.startsWith(`${root}/`) ? written.slice(root.length) : written;
}

function openRoot(root: Fd, contextDir: string | undefined): OpenedOrigin {
  if (contextDir === undefined) return { origin: { directory: root }, sourceOf: asIs, close: async () => closeFd(root) };
  try {
    const directory = openat2(root, contextDir, { flags: constants.O_RDONLY | constants.O_DIRECTORY });
    return { origin: { directory }, sourceOf: asIs, close: async () => closeFd(directory) };
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR'))
      throw new UsageError(`${JSON.stringify(join('/', contextDir))}: no such file or directory in what --from names`, { cause: error });
    throw error;
  } finally {
    closeFd(root);
  }
}

/** The root file system of a container as it is now, else that of an image. */
async function rootOf(name: string, options: CopyOriginOptions, workspace: Workspace, services: Services): Promise<Fd> {
  const { store, snapshots, platform } = workspace;
  const container = store.containers.list().find((record) => record.name === name || record.id === name);
  if (container !== undefined) {
    const sources = container.diffIds.map((diffId) => ({ diffId }));
    await snapshots.ensure(sources, { signal: services.signal });
    return snapshots.openMerged([store.containers.working(container.id).upper, ...snapshots.lowers(container.diffIds)]);
  }
  const access = new RegistryAccess(services, options);
  const { config } = await readyImage({ image: name, policy: options.pull, platform }, access, workspace, services);
  return snapshots.openMerged(snapshots.lowers(config.rootfs.diff_ids));
}
