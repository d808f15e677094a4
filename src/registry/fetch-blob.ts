import { type Descriptor, verify } from '../image/index.js';
import { piecesOf } from './body-pieces.js';
import { connectionError, isTransient } from './connection-error.js';
import type { HttpResponse } from './http-client.js';
import { discardBody, headerOf } from './read-body.js';
import { RegistryError } from './registry-error.js';
import type { Call, Session } from './session.js';
import { accessTo, blobPath } from './target.js';

/** A broken transfer goes on where it stopped if it has brought this much since the last break, in bytes, or has lasted this long. */
const RESUME_PROGRESS_BYTES = 1024 * 1024;
const RESUME_PROGRESS_MS = 60_000;

/**
 * The bytes of a blob, verified while they pass: an iteration that ends well has brought exactly what the descriptor says.
 * A connection that breaks on the way is resumed where it stopped. `urls` of a descriptor are never followed. Who is done with a piece may
 * say so (`giveBack`).
 *
 * @throws {RegistryError} {SizeMismatchError} {DigestMismatchError}
 */
export function fetchBlob(
  session: Session,
  repository: string,
  blob: Descriptor,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  return verify(resumed(session, repository, blob, signal), blob, `${session.options.host}/${repository}`);
}

async function* resumed(
  session: Session,
  repository: string,
  blob: Descriptor,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const call: Call = {
    action: `read blob ${blob.digest} of ${session.options.host}/${repository}`,
    method: 'GET',
    target: blobPath(repository, blob.digest),
    access: accessTo(repository, 'pull'),
    expect: [200],
    signal,
    notFound: { problem: 'the registry has the manifest of this image but not this blob' },
  };
  let receivedBytes = 0;
  let lastBreak: { readonly atByte: number; readonly atMs: number } | undefined;
  for (;;) {
    const offset = receivedBytes;
    const response = await session.retrying(signal, () => openAt(session, call, offset, blob.size));
    try {
      for await (const chunk of from(response, offset)) {
        receivedBytes += chunk.length;
        yield chunk;
      }
      return;
    } catch (cause) {
      signal?.throwIfAborted();
      if (!isTransient(cause)) throw cause;
      if (!mayResume(lastBreak, receivedBytes)) throw connectionError(call.action, session.options.host, cause);
      lastBreak = { atByte: receivedBytes, atMs: Date.now() };
    }
  }
}

function mayResume(last: { readonly atByte: number; readonly atMs: number } | undefined, receivedBytes: number): boolean {
  if (last === undefined) return true;
  return receivedBytes - last.atByte >= RESUME_PROGRESS_BYTES || Date.now() - last.atMs >= RESUME_PROGRESS_MS;
}

async function openAt(session: Session, call: Call, offset: number, size: number): Promise<HttpResponse> {
  if (offset === 0) return (await session.send(call)).response;
  // All bytes but the clean end were received: asking for a range past the end would be an error.
  const headers = offset < size ? { range: `bytes=${offset}-` } : {};
  const { response } = await session.send({ ...call, headers, expect: [200, 206] });
  const range = headerOf(response, 'content-range');
  if (response.statusCode === 206 && !range?.startsWith(`bytes ${offset}-`)) {
    await discardBody(response);
    throw new RegistryError(call.action, `asked for the rest from byte ${offset}, the registry sent ${range ?? 'an unknown range'}`, {
      host: session.options.host,
    });
  }
  return response;
}

/** The body from byte `offset` of the blob on; a server that ignores ranges starts from the beginning, and that part is skipped. */
async function* from(response: HttpResponse, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
  let skip = response.statusCode === 206 ? 0 : offset;
  for await (const chunk of piecesOf(response.body)) {
    if (skip < chunk.length) yield skip === 0 ? chunk : chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}
