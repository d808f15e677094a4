import {
  chooseByPlatform,
  type ImageConfig,
  MAX_CONFIG_BYTES,
  type Platform,
  parseImageConfig,
  parseManifestDocument,
  readVerified,
} from '../../image/index.js';
import type { Store } from '../../store/index.js';
import { type ImageSource, openSource, parseTransport } from '../../transports/index.js';
import type { Services } from '../context.js';
import { atRegistries, type PullPolicy } from '../pull.js';
import type { RegistryAccess } from '../registry-access.js';

export interface ConfigSearch {
  readonly store: Store;
  /** `never`: only the store is looked at. */
  readonly policy: PullPolicy;
  readonly access: RegistryAccess;
  readonly services: Services;
}

/**
 * The configuration of a base image, without its layers: from the store, else from where the image would be pulled. Nothing is kept.
 * `undefined` when it is nowhere to be had; then there is a note that says why.
 */
export async function baseConfig(reference: string, platform: Platform, search: ConfigSearch): Promise<ImageConfig | undefined> {
  const { store, policy, access, services } = search;
  try {
    const transport = parseTransport(reference);
    if (transport !== undefined && transport.kind !== 'docker') {
      return await readConfig(await openSource(transport, access.transportServices(store)), platform);
    }
    const name = transport?.reference ?? reference;
    const local = store.names.resolve(name);
    if (local !== undefined) return store.readImage(local.descriptor, platform).config;
    if (policy === 'never' || name.startsWith('localhost/')) return undefined;
    return await atRegistries(name, access, services, async (source, _full, insecure) =>
      readConfig(await openSource(source, access.transportServices(store, insecure)), platform),
    );
  } catch (error) {
    services.signal.throwIfAborted();
    const text = `${reference} cannot be looked at, and what depends on it is not checked: ${(error as Error).message}`;
    services.reporter.report({ kind: 'note', text });
    return undefined;
  }
}

/** Closes the source. */
async function readConfig(source: ImageSource, platform: Platform): Promise<ImageConfig | undefined> {
  try {
    const read = async (digest?: Parameters<ImageSource['readManifest']>[0]) => {
      const { bytes, mediaType } = await source.readManifest(digest);
      return parseManifestDocument(bytes, { subject: `manifest of ${source.description}`, declaredType: mediaType || undefined });
    };
    let document = await read();
    if (document.kind === 'index') {
      const chosen = chooseByPlatform(document.index.manifests, platform);
      if (chosen === undefined) return undefined;
      document = await read(chosen.digest);
    }
    if (document.kind === 'index') return undefined;
    const { config } = document.manifest;
    return parseImageConfig(
      await readVerified(source.openBlob(config), config, { origin: source.description, maxBytes: MAX_CONFIG_BYTES }),
    );
  } finally {
    await source.close();
  }
}
