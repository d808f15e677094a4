import { isIndexType } from '../../image/index.js';
import { parseTransport, readSourceManifest, type TransportName } from '../../transports/index.js';
import { openAllowedSource } from '../allowed-source.js';
import { type Services, withStore } from '../context.js';
import { atRegistries } from '../pull.js';
import { RegistryAccess, type RegistryOptions } from '../registry-access.js';

export interface InspectedList {
  /** The bytes as they are kept. */
  readonly bytes: Uint8Array;
  /** False: a single image's manifest. */
  readonly isList: boolean;
}

/** The manifest of a list: from the store, else from its registry. */
export async function inspectList(options: RegistryOptions & { readonly image: string }, services: Services): Promise<InspectedList> {
  return withStore(services, async (store) => {
    const transport = parseTransport(options.image);
    const local = transport === undefined ? store.names.resolve(options.image)?.descriptor : undefined;
    if (local !== undefined) return { bytes: store.blobs.readAll(local), isList: isIndexType(local.mediaType) };
    const access = new RegistryAccess(services, options);
    const read = async (place: TransportName, insecure?: boolean, askedName?: string): Promise<InspectedList> => {
      const source = await openAllowedSource(place, { store, access, services, insecure, askedName, listAlone: true });
      try {
        const top = await readSourceManifest(source, undefined, { signal: services.signal });
        return { bytes: top.bytes, isList: top.kind === 'index' };
      } finally {
        await source.close();
      }
    };
    if (transport !== undefined && transport.kind !== 'docker') return read(transport);
    const name = transport?.reference ?? options.image;
    return atRegistries(name, access, services, (place, full, insecure) => read(place, insecure, full));
  });
}
