import { connectionError } from './connection-error.js';
import type { HttpResponse } from './http-client.js';
import { RegistryError } from './registry-error.js';

// The limits of containers/image (internal/iolimits); manifests and configs have theirs with their parsers.
export const MAX_TOKEN_BYTES = 1024 * 1024;
export const MAX_TAGS_BYTES = 4 * 1024 * 1024;
const MAX_ERROR_BYTES = 1024 * 1024;

/**
 * The whole body of `response`, at most `maxBytes`.
 * @throws {RegistryError} more than that, or the connection broke
 */
export async function readBody(
  response: HttpResponse,
  maxBytes: number,
  context: { action: string; host: string; signal?: AbortSignal | undefined },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    context.signal?.throwIfAborted();
    throw connectionError(context.action, context.host, cause);
  }
  if (length > maxBytes) {
    throw new RegistryError(context.action, `${context.host} answered more than the ${maxBytes} bytes that are allowed here`, {
      host: context.host,
    });
  }
  return Buffer.concat(chunks);
}

/** The text of an error's body: what there is of it, never a failure of its own. */
export async function readErrorText(response: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > MAX_ERROR_BYTES) break;
      chunks.push(chunk);
    }
  } catch {
    // The status is the news; its explanation got lost.
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Give the connection back without reading more than a little. */
export async function discardBody(response: HttpResponse): Promise<void> {
  await response.body.dump({ limit: 64 * 1024 }).catch(() => {
    // Nobody wanted these bytes; a broken connection is noticed by the next request.
  });
}

/** The single value of a header; the first one when it came several times. */
export function headerOf(response: HttpResponse, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
