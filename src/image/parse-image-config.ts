import { findCaseTwin } from './fold-case.js';
import type { ImageConfig } from './image-config.js';
import { check } from './manifest.js';
import { imageConfigSchema } from './schemas.js';
import { ManifestError, parseStrictJson } from './strict-json.js';

/** The largest image config accepted, in bytes; the limit containers/image has. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

const MEMBERS = ['architecture', 'os', 'config', 'rootfs', 'history'];

/**
 * Read the config blob of an image, OCI's or Docker's. Unknown members stay in the value.
 * @throws {ManifestError} too large, malformed, or not the config of an image
 */
export function parseImageConfig(bytes: Uint8Array, subject = 'image config'): ImageConfig {
  const value = parseStrictJson(bytes, subject, MAX_CONFIG_BYTES);
  const config = check(imageConfigSchema, value, subject);
  const twin = findCaseTwin(config, MEMBERS);
  if (twin !== undefined) throw new ManifestError(subject, `it is ambiguous: "${twin.key}" differs from "${twin.name}" in case only`);
  checkHistory(config as unknown as ImageConfig, subject);
  return config as unknown as ImageConfig;
}

/** History is optional; when it is there, its entries with a layer are as many as the layers. */
function checkHistory(config: ImageConfig, subject: string): void {
  if (config.history === undefined || config.history.length === 0) return;
  const withLayer = config.history.filter((entry) => entry.empty_layer !== true).length;
  if (withLayer > config.rootfs.diff_ids.length) {
    throw new ManifestError(subject, `its history speaks of ${withLayer} layers and it has ${config.rootfs.diff_ids.length}`);
  }
}
