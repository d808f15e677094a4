import { closeSync, constants, openSync } from 'node:fs';
import {
  type Context,
  type ContextSource,
  type DigestedSelection,
  digestSelection,
  rulesOf,
  type SelectedSource,
  type SelectOptions,
  SourceTree,
} from '../../context/index.js';
import { closeFd, type EntryDigests, type Fd } from '../../sys/index.js';
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

/** Where a COPY reads its paths: the build context, the root that a stage or image ends with, or a directory whose files keep their owners. */
export type CopyOrigin = { readonly context: ContextSource } | { readonly root: RootState } | { readonly directory: Fd };

/**
 * Copies what is selected before it is digested, and fills in the digests of files that it reads.
 *
 * @param known the entries of the sources
 */
export type CopyFirst = (group: SourceGroup, known: readonly EntryDigests[]) => Promise<void>;

export interface CopySourcesOptions {
  readonly sources: readonly StepSource[];
  readonly exclude: readonly string[];
  /** `--parents`. */
  readonly parents: boolean;
  /** The sources that lie in no tree. */
  readonly loose: LooseFiles | undefined;
  /** Git repositories, in the order of their sources. */
  readonly repositories: readonly ContextSource[];
  /** What the paths name in the build context, where it was found out before. */
  readonly selected?: readonly SelectedSource[] | undefined;
  /** Where all sources lie in one build context. */
  readonly copyFirst?: CopyFirst | undefined;
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
  const { loose, repositories } = options;
  const paths = pathsOf(options.sources);
  const selections: Selection[] = [];
  if (paths.length > 0) selections.push(await digestPaths(paths, { ...options, contentsOnly: !options.parents }, origin, toolbox, signal));
  for (const context of repositories) {
    const whole = { exclude: options.exclude, parents: false, contentsOnly: true };
    selections.push(await digestPaths(['.'], whole, { context }, toolbox, signal));
  }
  const [only, ...others] = selections;
  if (loose === undefined && others.length === 0) return only ?? { digest: '' };
  const repositoryDigests = Object.fromEntries(
    selections.slice(paths.length > 0 ? 1 : 0).map(({ digest }, at) => [`repository.${at}`, digest]),
  );
  const selected = paths.length > 0 ? only?.digest : '';
  const definition = definitionOf('sources', { loose: loose?.digest ?? '', selected: selected ?? '', ...repositoryDigests });
  return {
    origin: only?.origin,
    digest: `${options.sources.length === 1 ? 'file' : 'multi'}:${definition.slice('sha256:'.length)}`,
    entries: function* () {
      yield* loose?.entries ?? [];
      for (const { entries } of selections) yield* entries?.() ?? [];
    },
  };
}

export interface DigestPathsOptions
  extends Pick<CopySourcesOptions, 'exclude' | 'parents'>,
    Partial<Pick<CopySourcesOptions, 'loose' | 'copyFirst'>> {
  /** The attributes of a directory that is named do not count: a copy takes what is in it, a mount shows the directory itself. */
  readonly contentsOnly?: boolean;
}

/**
 * What paths of a tree hold, wildcards expanded. Of a stage it is remembered by the stage's content, of a repository by its commit: asking
 * again needs none of the files.
 */
export async function digestPaths(
  paths: readonly string[],
  options: DigestPathsOptions,
  from: CopyOrigin,
  toolbox: Toolbox,
  signal: AbortSignal,
): Promise<Selection> {
  const { contentsOnly = false, copyFirst } = options;
  if ('directory' in from) {
    const selected = await treeOf(from.directory).select(paths, selectOptions(options));
    return describe(selected, await digestSelection(from.directory, selected, { owners: true, contentsOnly }));
  }
  const origin = 'context' in from ? from.context.name : undefined;
  const digestFiles = async (): Promise<Selection> => {
    if (!('context' in from)) {
      return withTree(from.root, toolbox, signal, async (tree) => {
        const selected = await tree.select(paths, selectOptions(options));
        return describe(selected, await digestSelection(tree.root, selected, { owners: true, contentsOnly }));
      });
    }
    const context = await from.context.open(signal);
    const selected = await context.select(paths, selectOptions(options));
    const readAnyway = copyFirst && ((known: readonly EntryDigests[]) => copyFirst(contextGroup(context, selected), known));
    return { ...describe(selected, await context.digestSelection(selected, { contentsOnly, readAnyway })), origin, selected };
  };
  const revision = 'context' in from ? from.context.revision : undefined;
  if ('context' in from && revision === undefined) return digestFiles();
  const inputs: StepInputs = {
    'selection.paths': JSON.stringify(paths),
    'selection.exclude': JSON.stringify(options.exclude),
    'selection.parents': String(options.parents),
    'selection.contentsOnly': String(contentsOnly),
  };
  const definition = definitionOf('selection', inputs);
  const content = 'context' in from ? definitionOf('revision', { revision: revision ?? '' }) : await contentOf(from.root);
  if ('context' in from && from.context.keyedByRevision === true)
    return { digest: `dir:${definitionOf('selection', { ...inputs, content }).slice('sha256:'.length)}` };
  const known = toolbox.store.cache.find(definition, content);
  if (typeof known?.result.selection === 'string') {
    toolbox.store.cache.touch(known, new Date());
    return { digest: known.result.selection, origin };
  }
  const selection = await digestFiles();
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
export async function withSources<T>(
  options: CopySourcesOptions,
  origin: CopyOrigin,
  toolbox: Toolbox,
  signal: AbortSignal,
  body: (groups: readonly SourceGroup[]) => Promise<T>,
): Promise<T> {
  const { loose } = options;
  const looseRoot = loose && openSync(await loose.fetch(signal), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const groups = loose === undefined || looseRoot === undefined ? [] : [await selectLoose(loose, looseRoot)];
    for (const repository of options.repositories) {
      const context = await repository.open(signal);
      const sources = await context.select(['.'], selectOptions({ ...options, parents: false }));
      groups.push(contextGroup(context, sources));
    }
    const paths = pathsOf(options.sources);
    if (paths.length === 0) return await body(groups);
    if ('context' in origin) {
      const context = await origin.context.open(signal);
      const sources = options.selected ?? (await context.select(paths, selectOptions(options)));
      return await body([...groups, contextGroup(context, sources)]);
    }
    if ('directory' in origin) {
      const sources = await treeOf(origin.directory).select(paths, selectOptions(options));
      return await body([...groups, { root: origin.directory, sources, keepOwners: true }]);
    }
    return await withTree(origin.root, toolbox, signal, async (tree) =>
      body([...groups, { root: tree.root, sources: await tree.select(paths, selectOptions(options)), keepOwners: true }]),
    );
  } finally {
    if (looseRoot !== undefined) closeSync(looseRoot);
  }
}

function contextGroup({ root }: Context, sources: readonly SelectedSource[]): SourceGroup {
  return { root, sources, keepOwners: false };
}

function selectOptions({ exclude, parents, loose }: Pick<DigestPathsOptions, 'exclude' | 'parents' | 'loose'>): SelectOptions {
  return { parents, mayBeEmpty: loose !== undefined, ...(exclude.length === 0 ? {} : { exclude: rulesOf(exclude, '--exclude') }) };
}

function pathsOf(sources: readonly StepSource[]): string[] {
  return sources.flatMap((source) => (source.kind === 'path' ? [source.path] : []));
}

async function withTree<T>(root: RootState, toolbox: Toolbox, signal: AbortSignal, body: (tree: SourceTree) => Promise<T>): Promise<T> {
  return withLowers(root, toolbox.snapshots, { signal }, async (lowers) => {
    const merged = await toolbox.snapshots.openMerged(lowers);
    try {
      return await body(treeOf(merged));
    } finally {
      closeFd(merged);
    }
  });
}

function treeOf(root: Fd): SourceTree {
  return new SourceTree(root, { place: 'the stage or image it is copied from' });
}

async function selectLoose({ names }: LooseFiles, root: Fd): Promise<SourceGroup> {
  const tree = new SourceTree(root, { place: 'the files of the instruction' });
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
