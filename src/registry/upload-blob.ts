import type { Descriptor } from '../image/index.js';
import { resolveLocation } from './follow-redirects.js';
import { discardBody, headerOf } from './read-body.js';
import { RegistryError } from './registry-error.js';
import type { Call, Session } from './session.js';
import { accessTo, blobPath, repositoryPath } from './target.js';

/** Whether the repository already holds a blob that would be uploaded. @throws {RegistryError} no clear answer */
export async function hasBlob(session: Session, repository: string, blob: Descriptor, signal: AbortSignal | undefined): Promise<boolean> {
  const call: Call = {
    action: `look for blob ${blob.digest} in ${session.options.host}/${repository}`,
    method: 'HEAD',
    target: blobPath(repository, blob.digest),
    // The token of the upload that follows; and a repository that is yet to be made can be refused to those who may only pull.
    access: accessTo(repository, 'pull,push'),
    expect: [200, 404],
    signal,
  };
  return session.retrying(signal, async () => {
    const { response } = await session.send(call);
    await discardBody(response);
    return response.statusCode === 200;
  });
}

/**
 * Put a blob into a repository. When this resolves the registry has checked and kept it. Idempotent.
 *
 * @param open gives the bytes from the beginning; called again when a broken transfer starts anew
 * @throws {RegistryError} refused, or not reachable
 * @throws what reading the bytes throws
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 */
export async function uploadBlob(
  session: Session,
  repository: string,
  blob: Descriptor,
  content: { readonly open: () => AsyncIterable<Uint8Array>; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { open, signal } = content;
  const action = `upload blob ${blob.digest} to ${session.options.host}/${repository}`;
  const common = { action, access: accessTo(repository, 'pull,push'), signal };
  const path = blobPath(repository, blob.digest);
  await session.retrying(signal, async () => {
    const begun = await step(session, { ...common, method: 'POST', target: `${repositoryPath(repository)}/blobs/uploads/`, expect: [202] });
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) };
    const source = guarded(open());
    let sent: URL;
    try {
      sent = await step(session, { ...common, method: 'PATCH', target: begun, headers, body: source.bytes, expect: [202] });
    } catch (error) {
      throw source.failure()?.error ?? error;
    }
    // Added as text: what the registry wrote into the query is signed or encoded in its own way, and must come back as it is.
    sent.search += `${sent.search === '' ? '?' : '&'}digest=${path.slice(path.lastIndexOf('/') + 1)}`;
    const { response } = await session.send({ ...common, method: 'PUT', target: sent, headers: { 'content-length': '0' }, expect: [201] });
    await discardBody(response);
  });
}

/**
 * Make a blob of another repository of the same registry known in this one, without sending it.
 * @returns false when the registry wants the bytes, or does not let this user take them from there
 * @throws {RegistryError} not reachable
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
 */
export async function mountBlob(
  session: Session,
  repository: string,
  blob: Descriptor,
  source: { readonly repository: string; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  const { signal } = source;
  repositoryPath(source.repository);
  const { scopes } = accessTo(repository, 'pull,push');
  const access = { repository, scopes: [...scopes, ...accessTo(source.repository, 'pull').scopes] };
  const query = new URLSearchParams({ mount: blobPath(repository, blob.digest).split('/').at(-1) ?? '', from: source.repository });
  const target = `${repositoryPath(repository)}/blobs/uploads/?${query}`;
  const action = `mount blob ${blob.digest} in ${session.options.host}/${repository}`;
  return session.retrying(signal, async () => {
    const call = { action, target, headers: { 'content-length': '0' }, access, expect: [201, 202], signal };
    const answer = await session.send({ ...call, method: 'POST' }).catch((error: unknown) => {
      // 4xx but for "try again": whatever it dislikes, it is about the mount; the upload that follows tells what is wrong with the rest.
      const isRefused = error instanceof RegistryError && !error.retryable && error.status !== undefined && error.status < 500;
      if (!isRefused) throw error;
      return undefined;
    });
    if (answer === undefined) return false;
    await discardBody(answer.response);
    if (answer.response.statusCode === 201) return true;
    // 202 has begun an upload nobody will finish.
    const begun = resolveLocation(answer.url, headerOf(answer.response, 'location'), action);
    const ended = await session.send({ action, method: 'DELETE', target: begun, access, expect: [200, 202, 204, 404, 405], signal });
    await discardBody(ended.response);
    return false;
  });
}

/** One request of an upload, and where it goes on. A `Location` on another host is used, but without credentials. */
async function step(session: Session, call: Call): Promise<URL> {
  const { response, url } = await session.send(call);
  await discardBody(response);
  return resolveLocation(url, headerOf(response, 'location'), call.action);
}

/** Remember a failure of the source, so that a broken file is not told as a broken connection. */
function guarded(content: AsyncIterable<Uint8Array>): { bytes: AsyncIterable<Uint8Array>; failure: () => { error: unknown } | undefined } {
  let failure: { error: unknown } | undefined;
  async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* content;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  return { bytes: bytes(), failure: () => failure };
}
