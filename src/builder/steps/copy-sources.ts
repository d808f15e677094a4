import { closeSync, constants, mkdirSync, openSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, contentDigest, rulesOf, type SelectedSource, SourceTree } from '../../context/index.js';
import { UnsupportedFeatureError } from '../../errors.js';
import { closeFd, type Fd } from '../../sys/index.js';
import type { StepSource } from '../graph/index.js';
import { contentOf, type RootState, withLowers } from './root-state.js';
import { definitionOf, digestInputs, type StepInputs } from './step-definition.js';
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
): Promise<string> {
  const texts = options.sources.filter((source) => source.kind === 'text');
  const paths = pathsOf(options.sources);
  const parts = [
    JSON.stringify(texts.map(({ name, content }) => [name, content])),
    paths.length === 0 ? '' : await digestPaths(paths, options.exclude, origin, toolbox, signal),
  ];
  if (texts.length === 0) return parts[1]!;
  const definition = definitionOf('sources', { texts: parts[0]!, paths: parts[1]! });
  return `${options.sources.length === 1 ? 'file' : 'multi'}:${definition.slice('sha256:'.length)}`;
}

async function digestPaths(
  paths: readonly string[],
  exclude: readonly string[],
  origin: CopyOrigin,
  toolbox: Toolbox,
  signal: AbortSignal,
): Promise<string> {
  if ('context' in origin) {
    const selected = await origin.context.select(paths, exclude);
    return describe(selected, await origin.context.digest(selected));
  }
  const inputs: StepInputs = { 'selection.paths': JSON.stringify(paths), 'selection.exclude': JSON.stringify(exclude) };
  const definition = definitionOf('selection', inputs);
  const content = await contentOf(origin.root);
  const known = toolbox.store.cache.find(definition, content)?.result.selection;
  if (typeof known === 'string') return known;
  const selection = await withTree(origin.root, toolbox, signal, async (tree) => {
    const selected = await tree.select(paths, exclude.length === 0 ? undefined : rulesOf(exclude, '--exclude'));
    return describe(selected, await contentDigest(tree.root, selected, { owners: true }));
  });
  await toolbox.store.cache.put({
    definition,
    parent: content,
    inputs: digestInputs(inputs),
    result: { selection },
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
  const texts = await writeTexts(options.sources, toolbox);
  try {
    const groups: SourceGroup[] = texts === undefined ? [] : [texts];
    const paths = pathsOf(options.sources);
    if (paths.length === 0) await body(groups);
    else if ('context' in origin) {
      const sources = await origin.context.select(paths, options.exclude);
      await body([...groups, { root: origin.context.root, sources, keepOwners: false }]);
    } else {
      const rules = options.exclude.length === 0 ? undefined : rulesOf(options.exclude, '--exclude');
      await withTree(origin.root, toolbox, signal, async (tree) => {
        await body([...groups, { root: tree.root, sources: await tree.select(paths, rules), keepOwners: true }]);
      });
    }
  } finally {
    if (texts !== undefined) closeSync(texts.root);
  }
}

function pathsOf(sources: readonly StepSource[]): string[] {
  return sources.flatMap((source) => {
    if (source.kind === 'url')
      throw new UnsupportedFeatureError(`ADD of a URL is not supported yet: ${source.url}`, {
        hint: 'Fetch it in a RUN, or put the file into the build context',
      });
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

const TEXT_MODE = 0o644;
let written = 0;

/** Heredocs as files in a directory of their own; undefined if there are none. */
async function writeTexts(sources: readonly StepSource[], toolbox: Toolbox): Promise<SourceGroup | undefined> {
  const texts = sources.filter((source) => source.kind === 'text');
  if (texts.length === 0) return undefined;
  const directory = join(await toolbox.store.scratch.dir(), `heredocs-${written++}`);
  mkdirSync(directory);
  const now = new Date(toolbox.now());
  for (const { name, content } of texts) {
    const file = join(directory, name.replaceAll('/', '_'));
    writeFileSync(file, content, { mode: TEXT_MODE });
    utimesSync(file, now, now);
  }
  const root = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const tree = new SourceTree(root, { place: 'the Containerfile' });
  const selected = await tree.select(texts.map(({ name }) => name.replaceAll('/', '_')));
  return { root, sources: selected, keepOwners: false };
}

function describe(selected: readonly SelectedSource[], digest: string): string {
  const kind = selected.length > 1 ? 'multi' : selected[0]?.isDirectory === true ? 'dir' : 'file';
  return `${kind}:${digest.slice('sha256:'.length)}`;
}
