import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Descriptor, type Digest, digestAlgorithm, digestHex, encodeJson, parseManifest } from '../../image/index.js';

/**
 * Adds to an OCI layout the `manifest.json` of Docker's format, which names the same blobs.
 *
 * @param manifest of the one image the layout holds
 * @see https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format
 */
export function writeDockerList(directory: string, manifest: Descriptor, reference: string | undefined): void {
  const pathOf = (digest: Digest): string => `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
  const bytes = readFileSync(join(directory, pathOf(manifest.digest)));
  const { config, layers } = parseManifest(bytes, { declaredType: manifest.mediaType });
  const list = [
    {
      Config: pathOf(config.digest),
      RepoTags: reference === undefined ? [] : [reference],
      Layers: layers.map(({ digest }) => pathOf(digest)),
    },
  ];
  writeFileSync(join(directory, 'manifest.json'), encodeJson(list));
}
