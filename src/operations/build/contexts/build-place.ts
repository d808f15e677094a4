import { resolve } from 'node:path';
import type { Services } from '../../context.js';
import { type ContainerfileText, readContainerfile } from '../read-containerfile.js';
import type { SourceGate } from '../source-gate.js';
import { gitUrl, isWebUrl } from './named-contexts.js';

/** What a build starts from: the text it builds and the directory it reads from. */
export interface BuildPlace {
  readonly containerfile: ContainerfileText;
  /** Absolute. */
  readonly directory: string;
  /** Where the context came from, for messages; undefined for a directory of the user's own. */
  readonly origin: string | undefined;
}

export interface PlaceOptions {
  readonly contextDirectory: string;
  readonly files: readonly string[];
  /** `--cpp-flag`. */
  readonly cppFlags?: readonly string[] | undefined;
}

/** True for a context that is fetched: standard input, a URL, a repository. */
export function isFetchedContext(context: string): boolean {
  return context === '-' || isWebUrl(context) || gitUrl(context) !== undefined;
}

/** A directory of the user's own. Files that are fetched or preprocessed are so before the others are looked at. */
export async function localPlace(options: PlaceOptions, gate: SourceGate, services: Services): Promise<BuildPlace> {
  const { contextDirectory, files } = options;
  const containerfile = readContainerfile(files, contextDirectory, await specialTexts(options, gate, services));
  return { containerfile, directory: resolve(contextDirectory), origin: undefined };
}

/** The texts of those files that are no plain files, by their names. */
export async function specialTexts(
  { contextDirectory, files, cppFlags = [] }: PlaceOptions,
  gate: SourceGate,
  services: Services,
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const file of files) {
    if (isWebUrl(file)) texts.set(file, await (await import('./special-files.js')).fetchContainerfile(file, gate, services));
    else if (file.endsWith('.in')) {
      const { locateContainerfile } = await import('../read-containerfile.js');
      const path = locateContainerfile(file, contextDirectory);
      const defaults = (services.settings.environment.BUILDAH_CPPFLAGS ?? '').split(/\s+/).filter((flag) => flag !== '');
      const { preprocess } = await import('./special-files.js');
      texts.set(file, await preprocess(path, contextDirectory, [...defaults, ...cppFlags], services.signal));
    }
  }
  return texts;
}
