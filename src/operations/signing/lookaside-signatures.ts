import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findLookaside, type Lookaside, registryScopes } from '../../config/index.js';
import { hasCode } from '../../errors.js';
import { type Digest, formatReference, type ImageReference } from '../../image/index.js';
import { atomicWriteFile } from '../../sys/index.js';
import type { Services } from '../context.js';
import { readCertificates } from '../registry-access.js';
import { SigningError } from './errors.js';

// https://github.com/containers/image/blob/main/docs/signature-protocols.md
const MAX_SIGNATURES = 128;
const MAX_SIGNATURE_BYTES = 4 * 2 ** 20;
const FILE_MODE = 0o644;

/** Where the signatures of one repository's images are: `BASE/team/app@sha256=HEX/signature-1` and so on. */
export class LookasideSignatures {
  private constructor(
    private readonly lookaside: Lookaside,
    private readonly repository: string,
    private readonly services: Services,
  ) {}

  /** @param image its name at the registry that keeps it, with tag or digest @throws {SettingsError} */
  static async open(image: ImageReference, access: 'read' | 'write', services: Services): Promise<LookasideSignatures> {
    const { registry, repository, tag, digest } = image;
    const scopes = registryScopes(formatReference({ registry, repository }), digest === undefined ? `:${tag}` : `@${digest}`);
    return new LookasideSignatures(await findLookaside(services.settings, scopes, access), repository, services);
  }

  /** For messages. */
  describe(digest: Digest): string {
    return this.urlOf(digest, 1).href;
  }

  /**
   * Make sure that signatures can be kept here, before an image is sent that would be without them.
   *
   * @throws {SigningError}
   */
  prepare(): void {
    const { base, file } = this.lookaside;
    if (base.protocol !== 'file:') {
      throw new SigningError(`Cannot write a signature to ${base.href}: signatures are only read from web servers`, {
        hint: `Add "lookaside-staging: file:///DIRECTORY" beside it in ${file}`,
      });
    }
    const directory = dirname(fileURLToPath(this.urlOf('sha256:0' as Digest, 1)));
    this.writing(dirname(directory), () => mkdirSync(dirname(directory), { recursive: true }));
  }

  /** All there are, in their order. @throws {RegistryError} a web server does not answer */
  async read(digest: Digest): Promise<readonly Uint8Array[]> {
    const found: Uint8Array[] = [];
    while (found.length < MAX_SIGNATURES) {
      const url = this.urlOf(digest, found.length + 1);
      const signature = url.protocol === 'file:' ? readIfThere(fileURLToPath(url)) : await this.fetch(url);
      if (signature === undefined) break;
      found.push(signature);
    }
    return found;
  }

  /** Keep these, and no others. @throws {SigningError} */
  write(digest: Digest, signatures: readonly Uint8Array[]): void {
    const directory = dirname(fileURLToPath(this.urlOf(digest, 1)));
    this.writing(directory, () => {
      mkdirSync(directory, { recursive: true });
      for (const [position, signature] of signatures.entries())
        atomicWriteFile(fileURLToPath(this.urlOf(digest, position + 1)), signature, { mode: FILE_MODE });
      for (let number = signatures.length + 1; ; number++) {
        const path = fileURLToPath(this.urlOf(digest, number));
        if (readIfThere(path) === undefined) break;
        rmSync(path);
      }
    });
  }

  private urlOf(digest: Digest, number: number): URL {
    const url = new URL(this.lookaside.base);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${this.repository}@${digest.replace(':', '=')}/signature-${number}`;
    return url;
  }

  private async fetch(url: URL): Promise<Uint8Array | undefined> {
    const { openDownload } = await import('../../registry/index.js');
    const { settings, signal } = this.services;
    try {
      const download = await openDownload({ url, ca: readCertificates(this.services), proxies: settings.proxies, signal });
      return download === 'unchanged' ? undefined : await readAll(download.bytes, url);
    } catch (error) {
      if ((error as { status?: unknown }).status === 404) return undefined;
      throw error;
    }
  }

  private writing(path: string, write: () => void): void {
    try {
      write();
    } catch (cause) {
      if (!(cause instanceof Error) || !('syscall' in cause)) throw cause;
      const { directory, file } = this.lookaside;
      const why = file === undefined ? 'no file of registries.d names another place' : `the place is named by ${file}`;
      throw new SigningError(`Cannot keep signatures at ${path}: ${cause.message}`, {
        cause,
        hint: `${why[0]?.toUpperCase()}${why.slice(1)}. Name one that you may write to in ${directory}/NAME.yaml: docker: {HOST: {lookaside-staging: "file:///DIRECTORY"}}`,
      });
    }
  }
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function readAll(bytes: AsyncIterable<Uint8Array>, url: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MAX_SIGNATURE_BYTES)
      throw new SigningError(`Cannot accept the signature ${url.href}: it is larger than ${MAX_SIGNATURE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
