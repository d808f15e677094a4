import { expandShortName, locateImage } from '../config/index.js';
import { TsbuildError, UsageError } from '../errors.js';
import {
  type Descriptor,
  formatPlatform,
  formatReference,
  isShortName,
  localName,
  matchPlatform,
  type Platform,
  parsePlatform,
  parseReference,
  withDefaultTag,
} from '../image/index.js';
import type { NamedImage, Store } from '../store/index.js';
import { copyImage, openSource, openStoreSink, parseTransport, type TransportName } from '../transports/index.js';
import { type Services, withWorkspace } from './context.js';
import { publishBeside, storedPlatforms } from './image-index.js';
import { RegistryAccess, type RegistryOptions } from './registry-access.js';

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

export interface PullResult {
  readonly imageId: string;
  readonly name: string | undefined;
}

/** Brings an image into the store. */
export async function pull(options: PullOptions, services: Services): Promise<PullResult> {
  return withWorkspace(services, async ({ store, platform }) => {
    const wanted = options.platform === undefined ? platform : parsePlatform(options.platform);
    const access = new RegistryAccess(services, options);
    const image = await obtainImage({ image: options.image, policy: options.policy, platform: wanted }, store, access, services);
    return { imageId: store.readImage(image.descriptor, wanted).imageId, name: image.name };
  });
}

export interface ImageRequest {
  readonly image: string;
  readonly policy: PullPolicy;
  readonly platform: Platform;
  /** An image of the store for another platform will not do, and keeps its place under the name beside the one that is pulled. */
  readonly exactPlatform?: boolean;
}

/** The image `image` names, pulled as the policy says. The shared lock is held by the caller. */
export async function obtainImage(request: ImageRequest, store: Store, access: RegistryAccess, services: Services): Promise<NamedImage> {
  const transport = parseTransport(request.image);
  if (transport !== undefined && transport.kind !== 'docker')
    return copyIn(transport, namesOf(transport), request, store, access, services);
  const name = transport?.reference ?? request.image;
  const local = store.names.resolve(name);
  const fits = local !== undefined && (request.exactPlatform !== true || servesPlatform(local, request.platform, store));
  if (fits && (request.policy === 'missing' || request.policy === 'never')) return local;
  if (local !== undefined && !fits && (request.policy === 'never' || name.startsWith('localhost/') || local.name === undefined))
    throw new PlatformMissingError(name, request.platform, storedPlatforms(local.descriptor, store));
  if (request.policy === 'never') throw new UsageError(`${name}: image not known, and the pull policy "never" forbids to look elsewhere`);
  try {
    return await pullFromRegistries(name, request, store, access, services);
  } catch (error) {
    if (local !== undefined && !fits) {
      services.signal.throwIfAborted();
      throw new PlatformMissingError(name, request.platform, storedPlatforms(local.descriptor, store), { cause: error });
    }
    if (local === undefined || request.policy !== 'newer') throw error;
    services.reporter.report({ kind: 'warning', text: `${name}: using the image of this store: ${(error as Error).message}` });
    return local;
  }
}

async function pullFromRegistries(
  name: string,
  request: ImageRequest,
  store: Store,
  access: RegistryAccess,
  services: Services,
): Promise<NamedImage> {
  return atRegistries(name, access, services, (source, full, insecure) =>
    copyIn(source, [full], request, store, access, services, insecure),
  );
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
  let failure: unknown;
  for (const candidate of candidates) {
    const full = formatReference(withDefaultTag(parseReference(candidate)));
    for (const location of locateImage(registries, full)) {
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

async function copyIn(
  transport: TransportName,
  names: readonly string[],
  { platform, exactPlatform }: ImageRequest,
  store: Store,
  access: RegistryAccess,
  services: Services,
  insecure?: boolean,
): Promise<NamedImage> {
  const source = await openSource(transport, access.transportServices(store, insecure));
  try {
    const beside = exactPlatform === true ? names[0] : undefined;
    const sink =
      beside === undefined
        ? openStoreSink(store, names)
        : openStoreSink(store, names, (descriptor) =>
            publishBeside(beside, { descriptor, platform: store.readImage(descriptor).config }, store, services),
          );
    const copied = await copyImage(source, sink, {
      platform,
      tempDir: services.settings.tmpDir,
      reporter: services.reporter,
      signal: services.signal,
    });
    return named(copied.descriptor, names[0]);
  } finally {
    await source.close();
  }
}

function named(descriptor: Descriptor, name: string | undefined): NamedImage {
  return name === undefined ? { descriptor } : { name, descriptor };
}

function servesPlatform(image: NamedImage, platform: Platform, store: Store): boolean {
  return storedPlatforms(image.descriptor, store).some((stored) => matchPlatform(platform, stored) !== undefined);
}

/** The names an image from a file or directory gets: the one it was kept under, if that is one. */
function namesOf(transport: TransportName): readonly string[] {
  const reference = 'reference' in transport ? transport.reference : undefined;
  return reference === undefined || reference.includes('@') ? [] : [localName(reference)];
}
