import { sha256Hex } from '../sha256.js';
import { type DiffId, type Digest, digestHex } from './digest.js';

/**
 * The identity of a stack of layers, bottom first.
 * @throws {RangeError} no layers: the specification defines no chain id for them
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid
 */
export function chainId(diffIds: readonly DiffId[]): string {
  const [first, ...rest] = diffIds;
  if (first === undefined) throw new RangeError('chainId() needs at least one layer');
  return rest.reduce<string>((chain, diffId) => `sha256:${sha256Hex(`${chain} ${diffId}`)}`, first);
}

/** The image ID users see: the hexadecimal digits of the digest of the config's exact bytes. */
export function imageId(configDigest: Digest): string {
  return digestHex(configDigest);
}
