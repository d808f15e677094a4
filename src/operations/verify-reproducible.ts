import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../errors.js';
import type { BuildOptions } from './build/build-options.js';
import { compareImages, type ImageDifferences } from './build/compare-images.js';
import { type BuildResult, build } from './build.js';
import { type Services, withStore } from './context.js';

export type Verification =
  | { readonly kind: 'equal'; readonly result: BuildResult }
  | { readonly kind: 'different'; readonly first: BuildResult; readonly second: BuildResult; readonly differences: ImageDifferences };

/** Files have whole seconds in a layer: builds within one second would agree by chance. */
const APART_MS = 1100;

/**
 * Builds twice without cache, at once and step by step, and compares. Only when both images are the same does the image get its names and
 * go where the options say; otherwise both stay in the store without a name.
 */
export async function verifyReproducible(options: BuildOptions, services: Services): Promise<Verification> {
  if (options.contextDirectory === '-' || options.files.includes('-'))
    throw new UsageError('--verify-reproducible builds several times, and standard input can be read once', { hint: 'Give files' });
  const bare: BuildOptions = {
    ...options,
    noCache: true,
    tags: [],
    outputs: [],
    iidFile: undefined,
    iidFileRaw: undefined,
    metadataFile: undefined,
    cacheFrom: [],
    cacheTo: [],
  };
  const first = await build(bare, services);
  await sleep(APART_MS, undefined, { signal: services.signal });
  const second = await build({ ...bare, jobs: 1 }, services);
  if (first.digest === second.digest) return { kind: 'equal', result: await build({ ...options, noCache: false }, services) };
  const differences = await withStore(services, (store) => compareImages(first.descriptor, second.descriptor, store));
  return { kind: 'different', first, second, differences };
}
