import {
  type Descriptor,
  hostPlatform,
  isIndexType,
  normalizePlatform,
  type Platform,
  parseImageConfig,
  parseIndex,
  parseManifest,
} from '../../image/index.js';
import type { Store } from '../../store/index.js';
import { copyImage, isImageConfig, openStoreSink, parseTransport, type TransportName } from '../../transports/index.js';
import { openAllowedSource } from '../allowed-source.js';
import type { Services } from '../context.js';
import { atRegistries } from '../pull.js';
import type { RegistryAccess } from '../registry-access.js';

export interface ImageSearch {
  readonly store: Store;
  readonly access: RegistryAccess;
  readonly services: Services;
}

/**
 * The entries of a list for what `text` names: an image of the store, or else of a registry or another place, which is brought into the store.
 *
 * @param which `all` images if it is a list, or the one for a platform
 */
export async function findListEntries(text: string, which: 'all' | Partial<Platform>, search: ImageSearch): Promise<readonly Descriptor[]> {
  const { store } = search;
  const transport = parseTransport(text);
  const local = transport === undefined ? store.names.resolve(text) : undefined;
  const top = local?.descriptor ?? (await bring(text, transport, which, search));
  if (!isIndexType(top.mediaType)) return [entryOf(top, store)];
  const { manifests } = parseIndex(store.blobs.readAll(top), { declaredType: top.mediaType });
  if (which === 'all') return manifests;
  const { chooseByPlatform } = await import('../../image/index.js');
  const chosen = chooseByPlatform(manifests, wanted(which));
  return chosen === undefined ? [] : [chosen];
}

async function bring(
  text: string,
  transport: TransportName | undefined,
  which: 'all' | Partial<Platform>,
  search: ImageSearch,
): Promise<Descriptor> {
  const { store, access, services } = search;
  const copy = async (place: TransportName, insecure?: boolean, askedName?: string): Promise<Descriptor> => {
    const source = await openAllowedSource(place, { store, access, services, insecure, askedName });
    try {
      // It gets its place in the store with the list.
      const sink = openStoreSink(store, [], async () => {});
      const { descriptor } = await copyImage(source, sink, {
        platform: which === 'all' ? 'all' : wanted(which),
        tempDir: services.settings.tmpDir,
        reporter: services.reporter,
        signal: services.signal,
      });
      return descriptor;
    } finally {
      await source.close();
    }
  };
  if (transport !== undefined && transport.kind !== 'docker') return copy(transport);
  return atRegistries(transport?.reference ?? text, access, services, (place, full, insecure) => copy(place, insecure, full));
}

function wanted(which: Partial<Platform>): Platform {
  const host = hostPlatform(process.arch);
  const architecture = which.architecture ?? host.architecture;
  return normalizePlatform({
    os: which.os ?? host.os,
    architecture,
    ...(which.variant === undefined ? {} : { variant: which.variant }),
  });
}

/** An image as an entry: with the platform its configuration says, and an artifact with its type. */
function entryOf({ mediaType, digest, size }: Descriptor, store: Store): Descriptor {
  const manifest = parseManifest(store.blobs.readAll({ digest, size }), { declaredType: mediaType });
  if (!isImageConfig(manifest.config)) {
    const artifactType = manifest.artifactType ?? manifest.config.mediaType;
    return { mediaType, digest, size, artifactType };
  }
  const { architecture, os, variant, ...rest } = parseImageConfig(store.blobs.readAll(manifest.config)) as Platform;
  const platform: Platform = {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    ...(rest['os.version'] === undefined ? {} : { 'os.version': rest['os.version'] }),
    ...(rest['os.features'] === undefined ? {} : { 'os.features': rest['os.features'] }),
  };
  return { mediaType, digest, size, platform };
}
