import { createHash } from 'node:crypto';
import { createWriteStream, rmSync, utimesSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { withoutPassword } from '../parser/index.js';
import { openDownload, type ProxyOptions } from '../registry/index.js';
import { bounded } from './bounded.js';
import { DownloadTooLargeError } from './errors.js';

export interface DownloadFileOptions {
  readonly url: string;
  /** Does not exist yet; its directory does. */
  readonly file: string;
  readonly limitBytes: number;
  readonly ca: readonly string[];
  readonly proxies: ProxyOptions;
  /** For the `Authorization` header. */
  readonly authorization?: string | undefined;
  /** What an earlier answer said; the server may answer that nothing has changed. */
  readonly unless?: DownloadedFile['marks'] | undefined;
  readonly signal: AbortSignal;
}

export interface DownloadedFile {
  /** `sha256:<hex>` */
  readonly digest: string;
  readonly sizeBytes: number;
  /** The headers by which a later request asks whether it has changed. */
  readonly marks: { readonly etag?: string | undefined; readonly lastModified?: string | undefined };
}

const MODE = 0o600;

/**
 * Fetches a file. Its mtime is when the server says it changed, else 1970. A download that fails leaves nothing.
 *
 * @throws {RegistryError} no answer, or not the file @throws {DownloadTooLargeError}
 */
export async function downloadFile(options: DownloadFileOptions): Promise<DownloadedFile | 'unchanged'> {
  const { url, file, limitBytes, signal, ...request } = options;
  const download = await openDownload({ ...request, url: new URL(url), signal });
  if (download === 'unchanged') return download;
  const { bytes, lastModified, marks } = download;
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const hashed = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bounded(source, limitBytes, () => new DownloadTooLargeError(withoutPassword(url), limitBytes))) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      yield chunk;
    }
  };
  try {
    await pipeline(bytes, hashed, createWriteStream(file, { mode: MODE }), { signal });
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
  const time = lastModified ?? new Date(0);
  utimesSync(file, time, time);
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes, marks };
}
