import type { TransportName } from '../../transports/index.js';

/** What `--tag` asks for: names in the store, and places elsewhere. */
export interface TagDestinations {
  readonly names: readonly string[];
  readonly destinations: readonly TransportName[];
}

/**
 * Tells names from destinations: a tag that begins with a transport is a place the image is sent to, as with Buildah.
 *
 * @throws {TransportSyntaxError} @throws {UnsupportedFeatureError} a transport, and nothing that can be written to
 */
export async function tagDestinations(tags: readonly string[]): Promise<TagDestinations> {
  const names: string[] = [];
  const destinations: TransportName[] = [];
  for (const tag of tags) {
    const destination = LOOKS_LIKE_ONE.test(tag) ? (await import('../../transports/index.js')).parseTransport(tag) : undefined;
    if (destination === undefined) names.push(tag);
    else if (destination.kind === 'containers-storage' && destination.root === undefined) names.push(destination.reference);
    else destinations.push(destination);
  }
  return { names, destinations };
}

// `docker:1` is an image name; so is everything whose word before the colon is no transport.
const LOOKS_LIKE_ONE =
  /^(?:docker:\/\/|(?:oci|oci-archive|docker-archive|dir|containers-storage|docker-daemon|sif|tarball|ostree|atomic|openshift):)/;
