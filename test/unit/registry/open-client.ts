import type { Descriptor } from '../../../src/image/index.js';
import { type OpenRegistryOptions, openRegistry, type Registry } from '../../../src/registry/index.js';
import { sha256, type TestRegistry } from '../../support/registry.js';

/** A client for `registry` over plain http that does not wait long between tries. */
export function openClient(registry: TestRegistry, options: Partial<OpenRegistryOptions> = {}): Registry {
  return openRegistry({ host: registry.host, insecure: true, retry: { retries: 3, delayMs: 2 }, ...options });
}

export function descriptorOf(bytes: Buffer): Descriptor {
  return { mediaType: 'application/octet-stream', digest: sha256(bytes) as Descriptor['digest'], size: bytes.length };
}

export async function readAll(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The smallest manifest there is. */
export function sampleManifest(note = ''): Buffer {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256('{}'), size: 2 };
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [], annotations: { note } }));
}

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
