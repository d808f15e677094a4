import type { CachedLayer } from '../builder/steps/index.js';
import { expandShortName, locateImage } from '../config/index.js';
import { TsbuildError, UsageError } from '../errors.js';
import {
  type Descriptor,
  formatPlatform,
  formatReference,
  isDigest,
  isShortName,
  localName,
  matchPlatform,
  type Platform,
  parsePlatform,
  parseReference,
  withDefaultTag,
} from '../image/index.js';
import { ImageNotFoundError, type NamedImage, type Store } from '../store/index.js';
import { copyImage, demandThisStore, openStoreSink, parseTransport, type TransportName } from '../transports/index.js';
import { openAllowedSource } from './allowed-source.js';
import { type Services, withWorkspace } from './context.js';
import { publishBeside, storedPlatforms } from './image-index.js';
import { RegistryAccess, type RegistryOptions } from './registry-access.js';
import { offerImage } from './remote/offer-image.js';
import { RemoteLayers } from './remote/remote-layers.js';

/** When an image that is in the store is looked for elsewhere: never, when it is missing, always, or always but without failing. */
export type PullPolicy = 'always' | 'missing' | 'never' | 'newer';

/** An image is there for other platforms only. */
export class PlatformMissingError extends TsbuildError {
  readonly code = 'IMAGE_NOT_FOUND';
  constructor(
    readonly image: string,
    readonly platform: Platform,
    readonly stored: readonly Platform[],
    options?: ErrorOptions,
  ) {
    const has = stored.map(formatPlatform).join(', ');
    const failure = options?.cause instanceof Error ? `, and pulling it failed: ${options.cause.message}` : '';
    super(`${image}: the store has it for ${has || 'no platform'}, not for ${formatPlatform(platform)}${failure}`, {
      ...options,
      hint: 'Build or pull it for that platform too, or name the platform of this FROM with --platform',
    });
  }
}

export interface PullOptions extends RegistryOptions {
  /** Image name, or `transport:rest`. */
  readonly image: string;
  readonly policy: PullPolicy;
  /** `linux/arm64`; left out: this machine's. */
  readonly platform?: string | undefined;
}

/** An image that was found. One that is elsewhere still has no name before it is published. */
export interface ObtainedImage extends NamedImage {
  /** What a registry has and `remote` fetches; none for an image that is in the store. */
  readonly layers: readonly CachedLayer[];
  /** Gives the image its name, if it has none here. Every one of `layers` is in the store before. */
  publish(): Promise<void>;
}

/** Where an image is looked for, and what is done with what is found. */
export interface ImageSearch {
  readonly store: Store;
  readonly access: RegistryAccess;
  readonly services: Services;
  readonly remote: RemoteLayers;
}

export interface PullResult {
  readonly imageId: string;
  readonly name: string | undefined;
}

/** Brings an image into the store. */
export async function pull(options: PullOptions, services: Services): Promise<PullResult> {
  return withWorkspace(services, async ({ store, platform }) => {
    const wanted = options.platform === undefined ? platform : parsePlatform(options.platform);
    const access = new RegistryAccess(services, options);
    return withRemoteLayers(store, services, async (remote) => {
      // Whoever names a platform wants that one, not another that is there.
      const request = { image: options.image, policy: options.policy, platform: wanted, exactPlatform: options.platform !== undefined };
      const image = await obtainImage(request, { store, access, services, remote });
      await store.writingBack(remote.fetchBlobs(image.layers));
      await image.publish();
      return { imageId: store.readImage(image.descriptor, wanted).imageId, name: image.name };
    });
  });
}

/** Runs `body` with layers that may be elsewhere; nothing is on its way any more when this resolves. */
export async function withRemoteLayers<T>(store: Store, services: Services, body: (remote: RemoteLayers) => Promise<T>): Promise<T> {
  const remote = new RemoteLayers(store, services.reporter, services.signal);
  try {
    return await body(remote);
  } finally {
    await remote.close();
  }
}

export interface ImageRequest {
  readonly image: string;
  readonly policy: PullPolicy;
  readonly platform: Platform;
  /** An image of the store for another platform will not do, and keeps its place under the name beside the one that is pulled. */
  readonly exactPlatform?: boolean;
}

/**
 * The image `image` names, looked for as the policy says. Of one that comes from a registry only manifest and configuration are in the store.
 * The shared lock is held by the caller.
 */
export async function obtainImage(request: ImageRequest, search: ImageSearch): Promise<ObtainedImage> {
  const { store, services } = search;
  const transport = parseTransport(request.image);
  if (transport?.kind === 'containers-storage') {
    demandThisStore(transport.root, store);
    const found = store.names.resolve(transport.reference);
    if (found === undefined) throw new ImageNotFoundError(transport.reference);
    return stored(found);
  }
  if (transport !== undefined && transport.kind !== 'docker') return stored(await copyIn(transport, namesOf(transport), request, search));
  const name = transport?.reference ?? request.image;
  const local = store.names.resolve(name);
  const fits = local !== undefined && (request.exactPlatform !== true || servesPlatform(local, request.platform, store));
  if (fits && (request.policy === 'missing' || request.policy === 'never')) return stored(local);
  if (local !== undefined && !fits && (request.policy === 'never' || name.startsWith('localhost/') || local.name === undefined))
    throw new PlatformMissingError(name, request.platform, storedPlatforms(local.descriptor, store));
  if (request.policy === 'never') throw new UsageError(`${name}: image not known, and the pull policy "never" forbids to look elsewhere`);
  try {
    return await atRegistries(name, search.access, services, (source, full, insecure) => find(source, full, request, search, insecure));
  } catch (error) {
    if (local !== undefined && !fits) {
      services.signal.throwIfAborted();
      throw new PlatformMissingError(name, request.platform, storedPlatforms(local.descriptor, store), { cause: error });
    }
    if (local === undefined || request.policy !== 'newer') throw error;
    services.reporter.report({ kind: 'warning', text: `${name}: using the image of this store: ${(error as Error).message}` });
    return stored(local);
  }
}

function stored(image: NamedImage): ObtainedImage {
  return { ...image, layers: [], publish: async () => {} };
}

/** What a registry has: its manifest and configuration, and an offer of its layers. */
async function find(
  transport: TransportName,
  name: string,
  request: ImageRequest,
  search: ImageSearch,
  insecure: boolean | undefined,
): Promise<ObtainedImage> {
  const { store, access, services, remote } = search;
  const source = await openAllowedSource(transport, { store, access, services, insecure, askedName: name });
  const offered = await offerImage(source, request.platform, remote, { signal: services.signal });
  if (offered === undefined) return stored(await copyIn(transport, [name], request, search, insecure));
  const { descriptor, layers } = offered;
  return { name, descriptor, layers, publish: () => publisher([name], request, search)(descriptor) };
}

/** What `attempt` gives at the first place where the image may be and it does not fail. @throws the first failure when it fails at all */
export async function atRegistries<T>(
  name: string,
  access: RegistryAccess,
  services: Services,
  attempt: (source: TransportName, fullName: string, insecure: boolean | undefined) => Promise<T>,
): Promise<T> {
  const registries = await access.registries();
  const candidates = isShortName(name) ? expandShortName(registries, name) : [name];
  if (candidates.length === 0) {
    throw new UsageError(`short-name "${name}" did not resolve to an alias and no unqualified-search registries are defined`, {
      hint: `Write the registry too, docker.io/library/${name} for instance, or name search registries in registries.conf (read: ${registries.files.join(', ') || 'none'})`,
    });
  }
  if (candidates.length > 1 && registries.shortNameMode === 'enforcing') {
    throw new UsageError(`short-name resolution enforced but cannot prompt: "${name}" may mean ${candidates.join(' or ')}`, {
      hint: 'Write the registry too, or give the short name an alias in registries.conf',
    });
  }
  let failure: unknown;
  for (const candidate of candidates) {
    const full = formatReference(withDefaultTag(parseReference(candidate)));
    for (const location of locateImage(registries, full)) {
      if (location.mirror) treatAsMirror(location.name, full, access);
      try {
        const source: TransportName = { kind: 'docker', reference: location.name };
        return await attempt(source, full, location.insecure);
      } catch (error) {
        services.signal.throwIfAborted();
        failure ??= error;
      }
    }
  }
  throw failure;
}

function treatAsMirror(name: string, asked: string, access: RegistryAccess): void {
  const { registry } = parseReference(name);
  if (registry !== parseReference(asked).registry) access.treatAsMirror(registry);
}

/** Copies the whole image. */
async function copyIn(
  transport: TransportName,
  asked: readonly string[],
  request: ImageRequest,
  search: ImageSearch,
  insecure?: boolean,
): Promise<NamedImage> {
  const { store, access, services } = search;
  const askedName = transport.kind === 'docker' ? asked[0] : undefined;
  const source = await openAllowedSource(transport, { store, access, services, insecure, askedName });
  try {
    // A directory's names are its own affair, an archive is one image under its names: as Buildah has it.
    const kept = transport.kind.endsWith('-archive') ? (source.keptNames ?? []).filter(isName) : [];
    const names = asked.length > 0 ? asked : kept.map(localName);
    const sink = openStoreSink(store, names, publisher(names, request, search));
    const { descriptor } = await copyImage(source, sink, {
      platform: request.platform,
      tempDir: services.settings.tmpDir,
      reporter: services.reporter,
      signal: services.signal,
    });
    const [name] = names;
    return name === undefined ? { descriptor } : { name, descriptor };
  } finally {
    await source.close();
  }
}

function isName(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    // Whoever made the archive may have written anything.
    return false;
  }
}

/** How an image gets its names. */
function publisher(
  names: readonly string[],
  request: ImageRequest,
  { store, services }: ImageSearch,
): (image: Descriptor) => Promise<void> {
  const beside = request.exactPlatform === true ? names[0] : undefined;
  if (beside === undefined) return (descriptor) => store.names.publish(names, descriptor);
  return (descriptor) => publishBeside(beside, { descriptor, platform: store.readImage(descriptor).config }, store, services);
}

function servesPlatform(image: NamedImage, platform: Platform, store: Store): boolean {
  return storedPlatforms(image.descriptor, store).some((stored) => matchPlatform(platform, stored) !== undefined);
}

/** The names an image from a file or directory gets: the one it was kept under, if that is one. */
function namesOf(transport: TransportName): readonly string[] {
  const reference = 'reference' in transport ? transport.reference : undefined;
  return reference === undefined || reference.includes('@') || isDigest(reference) ? [] : [localName(reference)];
}
