import type { Confidants } from '../../builder/steps/index.js';
import type { Store } from '../../store/index.js';
import { type BuildPlace, isFetchedContext, localPlace, type PlaceOptions } from '../build/contexts/build-place.js';
import { remoteSources } from '../build/contexts/late-sources.js';
import { type NamedContexts, namedContexts } from '../build/contexts/named-contexts.js';
import { SourceGate } from '../build/source-gate.js';
import { type Services, withStore } from '../context.js';
import { type CommandOptions, readCommandOptions } from '../surroundings/command-surroundings.js';

export interface CheckedPlaceOptions extends PlaceOptions {
  /** `--build-context`. */
  readonly buildContexts?: readonly string[] | undefined;
  readonly sourcePolicyFile?: string | undefined;
  /** Of a build: secrets and agents that a repository may want. */
  readonly commands?: CommandOptions | undefined;
}

/** The Containerfile that is looked at, with what belongs to it. */
export interface CheckedPlace {
  readonly place: BuildPlace;
  readonly contexts: NamedContexts;
  readonly store: Store;
}

const NOBODY: { readonly confidants: Confidants; close(): Promise<void> } = {
  confidants: { secret: () => undefined, openSshAgent: async () => undefined },
  close: async () => {},
};

/** Runs `body` on what a build with these options would read; what was fetched for it is gone afterwards. */
export async function withPlace<T>(
  options: CheckedPlaceOptions,
  services: Services,
  body: (checked: CheckedPlace) => Promise<T>,
): Promise<T> {
  const { sourcePolicyFile, commands } = options;
  const policy =
    sourcePolicyFile === undefined ? undefined : (await import('../build/read-source-policy.js')).readSourcePolicy(sourcePolicyFile);
  const gate = new SourceGate(await policy);
  return withStore(services, async (store) => {
    const surroundings = commands === undefined ? NOBODY : await readCommandOptions(commands, services);
    const remote = remoteSources({ store, gate, confidants: surroundings.confidants, services });
    const contexts = namedContexts(options.buildContexts ?? [], remote, store.statCacheDir);
    try {
      const place = isFetchedContext(options.contextDirectory)
        ? await (await import('../build/contexts/fetched-place.js')).fetchPlace(options, await remote.open(), gate, services)
        : await localPlace(options, gate, services);
      return await body({ place, contexts, store });
    } finally {
      await contexts.close();
      await remote.close();
      await surroundings.close();
    }
  });
}
