import type { Graph } from '../../builder/graph/index.js';
import { UsageError } from '../../errors.js';
import {
  formatPlatform,
  isIndexType,
  MAX_CONFIG_BYTES,
  normalizePlatform,
  type Platform,
  parseImageConfig,
  parseManifestDocument,
  readVerified,
} from '../../image/index.js';
import type { Store } from '../../store/index.js';
import { type ImageSource, openSource, parseTransport } from '../../transports/index.js';
import type { Services } from '../context.js';
import { storedPlatforms } from '../image-index.js';
import { atRegistries, type PullPolicy } from '../pull.js';
import type { RegistryAccess } from '../registry-access.js';
import type { SourceGate } from './source-gate.js';

export interface PlatformSearch {
  readonly policy: PullPolicy;
  readonly store: Store;
  readonly access: RegistryAccess;
  readonly gate: SourceGate;
  readonly services: Services;
}

/**
 * The platforms that every base image of a build has which is not asked for a platform of its own: what `--all-platforms` builds.
 *
 * @throws {UsageError} they have none in common, or there is no base image
 */
export async function basePlatforms(graph: Graph, search: PlatformSearch): Promise<readonly Platform[]> {
  const references = new Set(
    graph.stages.flatMap(({ base, platformGiven }) => (base.kind === 'image' && !platformGiven ? [base.reference] : [])),
  );
  const found = await Promise.all([...references].map((reference) => platformsOf(search.gate.image(reference, search.store), search)));
  const [first, ...others] = found;
  if (first === undefined)
    throw new UsageError('--all-platforms: no FROM names an image whose platforms could be built', { hint: 'List them with --platform' });
  const common = first.filter((platform) => others.every((list) => list.some((other) => isSame(platform, other))));
  if (common.length === 0) {
    const lists = [...references].map((reference, at) => `${reference}: ${found[at]!.map(formatPlatform).join(', ')}`);
    throw new UsageError(`--all-platforms: the base images have no platform in common (${lists.join('; ')})`);
  }
  return common;
}

async function platformsOf(reference: string, search: PlatformSearch): Promise<readonly Platform[]> {
  const { policy, store, access, services } = search;
  const transport = parseTransport(reference);
  if (transport !== undefined && transport.kind !== 'docker') {
    return readPlatforms(await openSource(transport, access.transportServices(store)));
  }
  const name = transport?.reference ?? reference;
  const local = store.names.resolve(name);
  const asksElsewhere = policy === 'always' || policy === 'newer';
  // One image without an index may be all that was pulled of one.
  const isWhole = local !== undefined && (isIndexType(local.descriptor.mediaType) || policy === 'never' || name.startsWith('localhost/'));
  if (local !== undefined && isWhole && !asksElsewhere) return known(storedPlatforms(local.descriptor, store));
  try {
    return await atRegistries(name, access, services, async (source, _full, insecure) =>
      readPlatforms(await openSource(source, access.transportServices(store, insecure))),
    );
  } catch (error) {
    services.signal.throwIfAborted();
    if (local === undefined || policy === 'always') throw error;
    return known(storedPlatforms(local.descriptor, store));
  }
}

/** Closes the source. */
async function readPlatforms(source: ImageSource): Promise<readonly Platform[]> {
  try {
    const { bytes, mediaType } = await source.readManifest(undefined);
    const document = parseManifestDocument(bytes, { subject: `manifest of ${source.description}`, declaredType: mediaType || undefined });
    if (document.kind === 'index') return known(document.index.manifests.flatMap(({ platform }) => platform ?? []));
    const { config } = document.manifest;
    const configBytes = await readVerified(source.openBlob(config), config, { origin: source.description, maxBytes: MAX_CONFIG_BYTES });
    return known([parseImageConfig(configBytes)]);
  } finally {
    await source.close();
  }
}

/** Attestations lie in indexes under the platform `unknown/unknown`; other systems than Linux cannot be built here. */
function known(platforms: readonly Platform[]): readonly Platform[] {
  return platforms
    .filter(({ os }) => os === 'linux')
    .map(({ os, architecture, variant }) =>
      normalizePlatform(variant === undefined ? { os, architecture } : { os, architecture, variant }),
    );
}

function isSame(a: Platform, b: Platform): boolean {
  return formatPlatform(normalizePlatform(a)) === formatPlatform(normalizePlatform(b));
}
