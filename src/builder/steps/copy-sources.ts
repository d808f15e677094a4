import { closeSync, constants, openSync } from 'node:fs';
import {
  type Context,
  type DigestedSelection,
  digestSelection,
  rulesOf,
  type SelectedSource,
  type SelectOptions,
  SourceTree,
} from '../../context/index.js';
import { UnsupportedFeatureError } from '../../errors.js';
import { closeFd, type Fd } from '../../sys/index.js';
import type { StepSource } from '../graph/index.js';
import type { LooseFiles } from './loose-files.js';
import { contentOf, type RootState, withLowers } from './root-state.js';
import { definitionOf, digestInputs, type StepInputs } from './step-definition.js';
import type { Selection } from './step-key.js';
import type { Toolbox } from './toolbox.js';

/** Sources of one COPY that lie in one tree. */
export interface SourceGroup {
  readonly root: Fd;
  readonly sources: readonly SelectedSource[];
  /** Files of the Containerfile itself and of the build context have no owner of their own. */
  readonly keepOwners: boolean;
}

/** Where a COPY reads its paths: the build context, or the root that a stage or image ends with. */
export type CopyOrigin = { readonly context: Context } | { readonly root: RootState };

export interface CopySourcesOptions {
  readonly sources: readonly StepSource[];
  readonly exclude: readonly string[];
  /** `--parents`. */
  readonly parents: boolean;
  /** The sources that lie in no tree. */
  readonly loose: LooseFiles | undefined;
}

/**
 * What is copied, in one word and a digest: `file:<hex>`, `dir:<hex>` or `multi:<hex>`. Of a stage it is remembered by the stage's content, so
 * that a cached build needs none of the stage's files.
 */
export async function digestSources(
  options: CopySourcesOptions,
  origin: CopyOrigin,
  toolbox: Toolbox,
  signal: AbortSignal,
): Promise<Selection> {
  const { loose } = options;
  const paths = pathsOf(options.sources);
  const selected =
    paths.length === 0 ? undefined : await digestPaths(paths, { ...options, contentsOnly: !options.parents }, origin, toolbox, signal);
  if (loose === undefined) return selected ?? { digest: '' };
  const definition = definitionOf('sources', { loose: loose.digest, selected: selected?.digest ?? '' });
  return {
    digest: `${options.sources.length === 1 ? 'file' : 'multi'}:${definition.slice('sha256:'.length)}`,
    entries: () => [...loose.entries, ...(selected?.entries?.() ?? [])],
  };
}

export interface DigestPathsOptions extends Pick<CopySourcesOptions, 'exclude' | 'parents'> {
  /** The attributes of a directory that is named do not count: a copy takes what is in it, a mount shows the directory itself. */
  readonly contentsOnly?: boolean;
}

/**
 * What paths of a tree hold, wildcards expanded. Of a stage it is remembered by the stage's content: asking again needs none of its files.
 */
export async function digestPaths(
  paths: readonly string[],
  options: DigestPathsOptions,
  origin: CopyOrigin,
  toolbox: Toolbox,
  signal: AbortSignal,
): Promise<Selection> {
  const { contentsOnly = false } = options;
  if ('context' in origin) {
    const selected = await origin.context.select(paths, selectOptions(options));
    return describe(selected, await origin.context.digestSelection(selected, { contentsOnly }));
  }
  const inputs: StepInputs = {
    'selection.paths': JSON.stringify(paths),
    'selection.exclude': JSON.stringify(options.exclude),
    'selection.parents': String(options.parents),
    'selection.contentsOnly': String(contentsOnly),
  };
  const definition = definitionOf('selection', inputs);
  const content = await contentOf(origin.root);
  const known = toolbox.store.cache.find(definition, content);
  if (typeof known?.result.selection === 'string') {
    toolbox.store.cache.touch(known, new Date());
    return { digest: known.result.selection };
  }
  const selection = await withTree(origin.root, toolbox, signal, async (tree) => {
    const selected = await tree.select(paths, selectOptions(options));
    return describe(selected, await digestSelection(tree.root, selected, { owners: true, contentsOnly }));
  });
  await toolbox.store.cache.put({
    definition,
    parent: content,
    inputs: digestInputs(inputs),
    result: { selection: selection.digest },
    createdAt: toolbox.now(),
  });
  return selection;
}

/** Runs `body` with the selected sources, group by group in the order they are written. */
export async function withSources(
  options: CopySourcesOptions,
  origin: CopyOrigin,
  toolbox: Toolbox,
  signal: AbortSignal,
  body: (groups: readonly SourceGroup[]) => Promise<void>,
): Promise<void> {
  const looseRoot = options.loose === undefined ? undefined : openSync(options.loose.directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const groups = options.loose === undefined || looseRoot === undefined ? [] : [await selectLoose(options.loose, looseRoot)];
    const paths = pathsOf(options.sources);
    if (paths.length === 0) await body(groups);
    else if ('context' in origin) {
      const sources = await origin.context.select(paths, selectOptions(options));
      await body([...groups, { root: origin.context.root, sources, keepOwners: false }]);
    } else {
      await withTree(origin.root, toolbox, signal, async (tree) => {
        await body([...groups, { root: tree.root, sources: await tree.select(paths, selectOptions(options)), keepOwners: true }]);
      });
    }
  } finally {
    if (looseRoot !== undefined) closeSync(looseRoot);
  }
}

function selectOptions({ exclude, parents }: Pick<CopySourcesOptions, 'exclude' | 'parents'>): SelectOptions {
  return { parents, ...(exclude.length === 0 ? {} : { exclude: rulesOf(exclude, '--exclude') }) };
}

function pathsOf(sources: readonly StepSource[]): string[] {
  return sources.flatMap((source) => {
    if (source.kind === 'git')
      throw new UnsupportedFeatureError(`ADD of a git repository is not supported yet: ${source.url}`, {
        hint: 'Clone it into the build context',
      });
    return source.kind === 'path' ? [source.path] : [];
  });
}

async function withTree<T>(root: RootState, toolbox: Toolbox, signal: AbortSignal, body: (tree: SourceTree) => Promise<T>): Promise<T> {
  return withLowers(root, toolbox.snapshots, { signal }, async (lowers) => {
    const merged = await toolbox.snapshots.openMerged(lowers);
    try {
      return await body(new SourceTree(merged, { place: 'the stage or image it is copied from' }));
    } finally {
      closeFd(merged);
    }
  });
}

async function selectLoose({ directory, names }: LooseFiles, root: Fd): Promise<SourceGroup> {
  const tree = new SourceTree(root, { place: directory });
  return { root, sources: await tree.select(names.map(escapeWildcards)), keepOwners: false };
}

/** A name as a pattern that nothing else fits. */
export function escapeWildcards(name: string): string {
  return name.replace(/[*?[\\]/g, '\\$&');
}

function describe(selected: readonly SelectedSource[], { digest, entries }: DigestedSelection): Selection {
  const kind = selected.length > 1 ? 'multi' : selected[0]?.isDirectory === true ? 'dir' : 'file';
  return { digest: `${kind}:${digest.slice('sha256:'.length)}`, entries };
}
