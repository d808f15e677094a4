import { UsageError } from '../../errors.js';

const KINDS = ['oci', 'rootless', 'chroot', 'default', ''];

/**
 * Buildah's kinds of isolation; all of them are the one sandbox here, so they only have to make sense.
 *
 * @throws {UsageError} none of them, or a network that Buildah's chroot does not have
 */
export function checkIsolation(isolation: string | undefined, network: string | undefined): void {
  if (isolation === undefined) return;
  if (!KINDS.includes(isolation.toLowerCase())) throw new UsageError(`unrecognized isolation type ${JSON.stringify(isolation)}`);
  if (isolation.toLowerCase() === 'chroot' && !['host', 'default', '', undefined].includes(network))
    throw new UsageError('cannot set --network other than host with --isolation chroot');
}
