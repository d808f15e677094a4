import { UsageError } from '../../errors.js';
import {
  type Descriptor,
  formatReference,
  hostPlatform,
  isForeignLayer,
  parseImageConfig,
  parsePlatform,
  parseReference,
  withDefaultTag,
} from '../../image/index.js';
import {
  chooseImage,
  type ImageSource,
  isImageConfig,
  parseTransport,
  readSourceConfig,
  readSourceManifest,
  type SourceExtras,
  type TransportName,
} from '../../transports/index.js';
import { openAllowedSource } from '../allowed-source.js';
import { type Services, withStore } from '../context.js';
import { atRegistries } from '../pull.js';
import { RegistryAccess, type RegistryOptions } from '../registry-access.js';
import { goTime } from './go-time.js';

export interface InspectElsewhereOptions extends RegistryOptions {
  /** `transport:rest`. */
  readonly place: string;
  readonly platform?: string | undefined;
  /** Also the tags of a registry's repository. */
  readonly wantsTags: boolean;
  readonly extras: SourceExtras;
}

export interface ImageElsewhere {
  /** What the place's reference names, as it is. */
  readonly manifestBytes: Uint8Array;
  /** Undefined for an artifact. */
  readonly configBytes: Uint8Array | undefined;
  /** What `skopeo inspect` prints: the same keys in the same order. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** Looks at an image where it is: nothing but its manifest and configuration is fetched. */
export async function inspectElsewhere(options: InspectElsewhereOptions, services: Services): Promise<ImageElsewhere> {
  const place = parseTransport(options.place);
  if (place === undefined) throw new UsageError(`Invalid image name ${options.place}: it does not begin with the name of a transport`);
  return withStore(services, async (store) => {
    const access = new RegistryAccess(services, options);
    const look = async (at: TransportName, insecure?: boolean, askedName?: string): Promise<ImageElsewhere> => {
      const source = await openAllowedSource(at, { store, access, services, insecure, askedName, extras: options.extras });
      try {
        const name = askedName === undefined ? undefined : parseReference(askedName);
        const tags = name !== undefined && options.wantsTags ? await tagsOf(name, access, insecure, services) : [];
        return await describe(source, tags, askedName, options, services);
      } finally {
        await source.close();
      }
    };
    if (place.kind !== 'docker') return look(place);
    const full = formatReference(withDefaultTag(parseReference(place.reference)));
    return atRegistries(full, access, services, (at, asked, insecure) => look(at, insecure, asked));
  });
}

/** A registry that does not tell them is no reason not to tell the rest. */
async function tagsOf(
  { registry, repository }: { readonly registry: string; readonly repository: string },
  access: RegistryAccess,
  insecure: boolean | undefined,
  { signal }: Services,
): Promise<readonly string[]> {
  const client = await access.client(registry, insecure);
  try {
    return await client.listTags(repository, { signal });
  } catch (error) {
    const { status } = error as { status?: unknown };
    if (status === 404 || status === 403) return [];
    throw error;
  }
}

async function describe(
  source: ImageSource,
  tags: readonly string[],
  askedName: string | undefined,
  options: InspectElsewhereOptions,
  { signal }: Services,
): Promise<ImageElsewhere> {
  const top = await readSourceManifest(source, undefined, { signal });
  const platform = options.platform === undefined ? hostPlatform(process.arch) : parsePlatform(options.platform);
  const image = await chooseImage(source, top, platform, { signal });
  const { config: configDescriptor, layers } = image.manifest;
  const configBytes = isImageConfig(configDescriptor) ? await readSourceConfig(source, configDescriptor, { signal }) : undefined;
  const config = configBytes === undefined ? undefined : parseImageConfig(configBytes, `config of ${source.description}`);
  const asked = askedName === undefined ? undefined : parseReference(askedName);
  const document = {
    ...(asked === undefined ? {} : { Name: formatReference({ registry: asked.registry, repository: asked.repository }) }),
    Digest: top.digest,
    RepoTags: tags,
    Created: config?.created === undefined ? null : goTime(config.created),
    DockerVersion: (config as { docker_version?: string } | undefined)?.docker_version ?? '',
    Labels: config?.config?.Labels ?? null,
    Architecture: config?.architecture ?? '',
    Os: config?.os ?? '',
    Layers: layers.map(({ digest }) => digest),
    LayersData: layers.map(layerData),
    Env: config?.config?.Env ?? null,
  };
  return { manifestBytes: top.bytes, configBytes, document };
}

function layerData({ mediaType, digest, size, annotations }: Descriptor): Readonly<Record<string, unknown>> {
  return { MIMEType: mediaType, Digest: digest, Size: isForeignLayer(mediaType) ? -1 : size, Annotations: annotations ?? null };
}
