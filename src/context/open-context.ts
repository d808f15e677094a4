import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '../errors.js';
import { closeFd, type Fd, openat2, RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS } from '../sys/index.js';
import { type DigestedSelection, type DigestOptions, digestSelection } from './content-digest.js';
import { ContextError } from './errors.js';
import { explainingUnreadable } from './explain-unreadable.js';
import { type IgnoreRules, isExcluded, parseIgnoreFile } from './ignore-rules.js';
import type { SelectedSource } from './selection.js';
import { type SelectOptions, SourceTree } from './source-tree.js';
import { StatCache } from './stat-cache.js';

export interface ContextOptions {
  /** Absolute. */
  readonly directory: string;
  /** `--ignorefile`: used instead of all others. */
  readonly ignoreFile?: string | undefined;
  /** Path of the Containerfile; an ignore file named after it goes before the context's own. */
  readonly containerfile?: string | undefined;
  /** Where digests of unchanged files are remembered; left out: nowhere, the directory will not be seen again. */
  readonly statCacheDirectory?: string | undefined;
  /** False: only `ignoreFile` leaves something out. */
  readonly ownIgnoreFiles?: boolean | undefined;
  /** What messages call it; left out: the build context and its directory. */
  readonly place?: string | undefined;
}

/** The build context. */
export interface Context {
  /** Open as long as the context is. */
  readonly root: Fd;
  /** True when there are ignore rules, so that `root` may hold more than the context does. */
  readonly ignores?: boolean;
  /** Whether the rules exclude a path, told by its name alone; absent without rules, and with exceptions, which names alone cannot judge. */
  readonly excludes?: ((path: string) => boolean) | undefined;
  /** @throws {SourceNotFoundError} {SourceUnreadableError} */
  select(sources: readonly string[], options?: SelectOptions): Promise<readonly SelectedSource[]>;
  /** Content digest of a selection, or of what the sources name; owners do not count. */
  digest(selected: readonly SelectedSource[] | readonly string[]): Promise<string>;
  /** As {@link digest}, and the list behind it. */
  digestSelection(
    selected: readonly SelectedSource[],
    options?: Pick<DigestOptions, 'contentsOnly' | 'readAnyway'>,
  ): Promise<DigestedSelection>;
  /** Remembers what was learned and lets go. */
  close(): Promise<void>;
}

const MAX_IGNORE_FILE_BYTES = 10 * 2 ** 20;

/** @throws {ContextError} the directory or its ignore file cannot be read @throws {IgnoreFileError} a line of it is no pattern */
export async function openContext(options: ContextOptions): Promise<Context> {
  const directory = realpathSync(options.directory);
  const root = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  let rules: IgnoreRules | undefined;
  try {
    rules = readRules(root, options);
  } catch (error) {
    closeSync(root);
    throw error;
  }
  const place = options.place ?? `the build context ${JSON.stringify(options.directory)}`;
  const tree = new SourceTree(root, { place, rules });
  const select: Context['select'] = (sources, selection) => explainingUnreadable(place, () => tree.select(sources, selection));
  let cache: StatCache | undefined;
  const digest: Context['digestSelection'] = async (sources, digesting = {}) => {
    if (options.statCacheDirectory !== undefined) cache ??= StatCache.load(options.statCacheDirectory, directory);
    return explainingUnreadable(place, () => digestSelection(root, sources, { ...digesting, owners: false, cache }));
  };
  return {
    root,
    ignores: rules !== undefined,
    excludes: rules === undefined || rules.rules.some(({ negated }) => negated) ? undefined : (path) => isExcluded(rules, path),
    select,
    digest: async (selected) => (await digest(isSelection(selected) ? selected : await select(selected))).digest,
    digestSelection: digest,
    async close() {
      cache?.save();
      closeSync(root);
    },
  };
}

function isSelection(selected: readonly SelectedSource[] | readonly string[]): selected is readonly SelectedSource[] {
  return selected.every((source) => typeof source !== 'string');
}

/** The first of: `--ignorefile`, those named after the Containerfile, the context's `.containerignore` and `.dockerignore`. */
function readRules(root: Fd, options: ContextOptions): IgnoreRules | undefined {
  if (options.ignoreFile !== undefined) {
    // The user names it, so it may be anything that can be read, a pipe too.
    const bytes = readAt(options.ignoreFile, 'any', () => openSync(options.ignoreFile!, constants.O_RDONLY));
    if (bytes === undefined) throw new ContextError(`Cannot read the ignore file "${options.ignoreFile}": no such file or directory`);
    return parseIgnoreFile(bytes, options.ignoreFile, 'kept');
  }
  if (options.ownIgnoreFiles === false) return undefined;
  for (const suffix of ['.containerignore', '.dockerignore']) {
    if (options.containerfile === undefined) break;
    const name = `${basename(options.containerfile)}${suffix}`;
    const path = join(dirname(options.containerfile), name);
    const bytes = readAt(path, 'regular', () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW));
    if (bytes !== undefined) return parseIgnoreFile(bytes, name, suffix === '.containerignore' ? 'lost' : 'kept');
  }
  for (const name of ['.containerignore', '.dockerignore']) {
    // A link here must not make the builder read a file outside of the context (CVE-2022-4122).
    const bytes = readAt(name, 'regular', () =>
      openat2(root, name, { flags: constants.O_RDONLY | constants.O_NONBLOCK, resolve: RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS }),
    );
    if (bytes !== undefined) return parseIgnoreFile(bytes, name, name === '.containerignore' ? 'lost' : 'kept');
  }
  return undefined;
}

function readAt(name: string, kind: 'regular' | 'any', open: () => Fd): Buffer | undefined {
  let fd: Fd;
  try {
    fd = open();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    if (hasCode(error, 'EXDEV') || hasCode(error, 'ELOOP'))
      throw new ContextError(`Cannot use ${name}: it is a link that leads out of the build context`, { cause: error });
    throw new ContextError(`Cannot read ${name}: ${(error as Error).message}`, { cause: error });
  }
  try {
    if (kind === 'regular' && !fstatSync(fd).isFile()) throw new ContextError(`Cannot use ${name}: it is no regular file`);
    const chunks: Buffer[] = [];
    let total = 0;
    for (;;) {
      const chunk = Buffer.alloc(65536);
      const read = readSync(fd, chunk);
      if (read === 0) return Buffer.concat(chunks);
      total += read;
      if (total > MAX_IGNORE_FILE_BYTES)
        throw new ContextError(`Cannot use ${name}: it is larger than ${MAX_IGNORE_FILE_BYTES / 2 ** 20} MiB`);
      chunks.push(chunk.subarray(0, read));
    }
  } finally {
    closeFd(fd);
  }
}
