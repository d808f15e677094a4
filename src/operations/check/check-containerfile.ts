import { openContext } from '../../context/index.js';
import type { Finding } from '../../lint/index.js';
import { lintContainerfile } from '../../lint/index.js';
import { ContainerfileSyntaxError, type Source } from '../../parser/index.js';
import type { BuildPlace } from '../build/contexts/build-place.js';
import type { Services } from '../context.js';
import { lintFacts } from './lint-facts.js';
import { type OpenOptions, withResolvedFile } from './open-file.js';

export interface CheckOptions extends OpenOptions {
  readonly ignoreFile?: string | undefined;
}

/** What is to be said of a Containerfile. */
export interface CheckReport {
  readonly source: Source;
  readonly findings: readonly Finding[];
  /** Why it cannot be built, in file order; the findings are those that can be told all the same. */
  readonly errors: readonly ContainerfileSyntaxError[];
}

/** Looks for mistakes in a Containerfile and asks every rule, without building anything. */
export async function checkContainerfile(options: CheckOptions, services: Services): Promise<CheckReport> {
  return withResolvedFile(options, services, async (file, { place, contexts, store }, platform) => {
    const { source, containerfile, graph, bases, errors } = file;
    const excludes = await exclusions(options, place, store.statCacheDir);
    const facts = lintFacts({
      buildArgs: new Map(Object.entries(options.buildArgs)),
      platform: file.platform,
      buildPlatform: platform,
      targetName: graph?.target.name,
      base: (index) => {
        const config = bases.get(index);
        const wanted = graph?.allStages[index]?.platform;
        return config === undefined || wanted === undefined ? undefined : { config, platform: wanted };
      },
      excludes,
      namedContexts: contexts.names(file.platform),
      stages: graph === undefined ? undefined : new Set(file.stages.map(({ index }) => index)),
    });
    // Mistakes in values leave the stages as they are: every rule has its say.
    const parsing = graph === undefined ? errors : [];
    try {
      return { source, errors: inOrder(errors), findings: lintContainerfile(containerfile, facts, parsing).findings };
    } catch (error) {
      if (!(error instanceof ContainerfileSyntaxError)) throw error;
      return { source, errors: inOrder([...errors, error]), findings: [] };
    }
  });
}

function inOrder(errors: readonly ContainerfileSyntaxError[]): readonly ContainerfileSyntaxError[] {
  return [...errors].sort((a, b) => a.line - b.line || a.column - b.column);
}

async function exclusions(
  { ignoreFile }: CheckOptions,
  { directory, origin, containerfile }: BuildPlace,
  statCacheDirectory: string,
): Promise<((path: string) => boolean) | undefined> {
  const context = await openContext(
    origin === undefined
      ? { directory, ignoreFile, containerfile: containerfile.path, statCacheDirectory }
      : { directory, ignoreFile, ownIgnoreFiles: false, place: `the build context ${origin}` },
  );
  try {
    return context.excludes;
  } finally {
    await context.close();
  }
}
