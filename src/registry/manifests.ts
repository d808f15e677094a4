import {
  type Digest,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  digestOf,
  isDigest,
  MAX_MANIFEST_BYTES,
  OCI_INDEX,
  OCI_MANIFEST,
  parseManifestDocument,
  readVerified,
} from '../image/index.js';
import { discardBody, headerOf, readBody } from './read-body.js';
import type { Session } from './session.js';
import { accessTo, manifestPath } from './target.js';

/** The bytes of a manifest or index exactly as they were sent. */
export interface RegistryManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
}

const ACCEPT = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(', ');

/**
 * The manifest or index of a tag or digest. The digest is computed from the bytes: the registry's word for it counts for nothing.
 *
 * @throws {RegistryError} not there, not allowed, or not reachable
 * @throws {ManifestError} more than 4 MiB, ambiguous, or no image's
 * @throws {DigestMismatchError} asked for by digest, and other bytes came
 */
export async function fetchManifest(
  session: Session,
  repository: string,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<RegistryManifest> {
  const target = manifestPath(repository, reference);
  const { host } = session.options;
  const name = `${host}/${repository}${isDigest(reference) ? '@' : ':'}${reference}`;
  const action = `read ${name}`;
  const call = {
    action,
    method: 'GET' as const,
    target,
    headers: { accept: ACCEPT },
    access: accessTo(repository, 'pull'),
    expect: [200],
    signal,
  };
  const notFound = { problem: 'the registry has no such image', hint: 'Check the spelling of repository and tag' };
  return session.retrying(signal, async () => {
    const { response } = await session.send({ ...call, notFound });
    const bytes = await readBody(response, MAX_MANIFEST_BYTES, { action, host, signal });
    if (isDigest(reference)) {
      await readVerified([bytes], { digest: reference, size: bytes.length }, { origin: name, maxBytes: MAX_MANIFEST_BYTES });
    }
    const { mediaType } = parseManifestDocument(bytes, {
      declaredType: headerOf(response, 'content-type'),
      subject: `manifest of ${name}`,
    });
    return { bytes, mediaType, digest: isDigest(reference) ? reference : digestOf(bytes) };
  });
}

/**
 * Store a manifest under a tag or under its digest. Its blobs must be there already. Idempotent.
 * @throws {RegistryError} refused, or not reachable
 */
export async function uploadManifest(
  session: Session,
  target: { readonly repository: string; readonly reference: string },
  manifest: RegistryManifest,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { repository, reference } = target;
  const action = `write ${session.options.host}/${repository}${isDigest(reference) ? '@' : ':'}${reference}`;
  const path = manifestPath(repository, reference);
  const access = accessTo(repository, 'pull,push');
  const headers = { 'content-type': manifest.mediaType };
  await session.retrying(signal, async () => {
    const { response } = await session.send({
      action,
      method: 'PUT',
      target: path,
      headers,
      body: manifest.bytes,
      access,
      expect: [200, 201],
      signal,
    });
    await discardBody(response);
  });
}
