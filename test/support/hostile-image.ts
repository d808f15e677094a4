import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestRegistry } from './registry.js';

/** An image that nobody has checked. */
export interface MadeImage {
  readonly manifest: Buffer;
  readonly blobs: readonly Buffer[];
}

export interface ImageLies {
  /** Instead of the digests of the layers. */
  readonly diffIds?: readonly string[];
  /** What containers of it are run with. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Changes the manifest, or what it says of its first layer, before it is written. */
  readonly manifest?: (manifest: Record<string, unknown>) => Record<string, unknown>;
  readonly firstLayer?: Readonly<Record<string, unknown>>;
}

const OCI = 'application/vnd.oci.image';
export const MANIFEST_TYPE = `${OCI}.manifest.v1+json`;

/** Uncompressed layers, bottom first, as an image for this machine. */
export function imageOf(layers: readonly Buffer[], lies: ImageLies = {}): MadeImage {
  const config = json({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: lies.config ?? {},
    rootfs: { type: 'layers', diff_ids: lies.diffIds ?? layers.map(digestOf) },
  });
  const descriptor = (type: string, bytes: Buffer) => ({ mediaType: `${OCI}.${type}`, digest: digestOf(bytes), size: bytes.length });
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: descriptor('config.v1+json', config),
    layers: layers.map((layer, index) => ({ ...descriptor('layer.v1.tar', layer), ...(index === 0 ? lies.firstLayer : {}) })),
  };
  return { manifest: json(lies.manifest?.(manifest) ?? manifest), blobs: [config, ...layers] };
}

/** As `lib/evil:latest`; its name. */
export function addToRegistry(registry: TestRegistry, { manifest, blobs }: MadeImage): string {
  for (const blob of blobs) registry.addBlob('lib/evil', blob);
  registry.addManifest('lib/evil', 'latest', manifest, MANIFEST_TYPE);
  return `${registry.host}/lib/evil`;
}

/** As an OCI image layout in a new directory. */
export function writeLayout(directory: string, { manifest, blobs }: MadeImage, type = MANIFEST_TYPE): void {
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
  for (const blob of [manifest, ...blobs]) writeFileSync(join(directory, 'blobs/sha256', digestOf(blob).slice(7)), blob);
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const entry = { mediaType: type, digest: digestOf(manifest), size: manifest.length };
  writeFileSync(join(directory, 'index.json'), json({ schemaVersion: 2, manifests: [entry] }));
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
