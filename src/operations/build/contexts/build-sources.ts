import type { Confidants } from '../../../builder/steps/index.js';
import type { Store } from '../../../store/index.js';
import type { Services } from '../../context.js';
import type { SourceGate } from '../source-gate.js';
import type { BuildPlace, PlaceOptions } from './build-place.js';
import { type LateSources, remoteSources } from './late-sources.js';

/** Where a build reads from besides images, however often it is attempted. */
export interface BuildSources {
  readonly gate: SourceGate;
  readonly remote: LateSources;
  /** What it starts from; fetched when it is first asked for, and never again: standard input cannot be read twice. */
  place(): Promise<BuildPlace>;
}

export interface BuildSourcesOptions {
  readonly store: Store;
  readonly gate: SourceGate;
  readonly confidants: Confidants;
  /** The user's own directory, where the build starts from one. */
  readonly local: BuildPlace | undefined;
}

/** Runs `body` with the sources of a build; what they fetch is there until it ends. */
export async function withBuildSources<T>(
  options: PlaceOptions,
  { store, gate, confidants, local }: BuildSourcesOptions,
  services: Services,
  body: (sources: BuildSources) => Promise<T>,
): Promise<T> {
  const remote = remoteSources({ store, gate, confidants, services });
  let place = local === undefined ? undefined : Promise.resolve(local);
  const fetch = async (): Promise<BuildPlace> => {
    const { fetchPlace } = await import('./fetched-place.js');
    return fetchPlace(options, await remote.open(), gate, services);
  };
  try {
    return await body({
      gate,
      remote,
      place() {
        place ??= fetch();
        return place;
      },
    });
  } finally {
    await remote.close();
  }
}
