import type { Descriptor } from '../image/index.js';
import { checkAccess } from './check-access.js';
import type { CredentialLookup } from './credentials.js';
import { fetchBlob } from './fetch-blob.js';
import { type ClientCertificate, HttpClient } from './http-client.js';
import { listTags } from './list-tags.js';
import { fetchManifest, type RegistryManifest, uploadManifest } from './manifests.js';
import type { ProxyOptions } from './proxy-for.js';
import { DEFAULT_RETRY, type RetryPolicy } from './retry.js';
import { type FoundRepository, searchRepositories } from './search.js';
import { Session } from './session.js';
import { hasBlob, mountBlob, uploadBlob } from './upload-blob.js';

export interface OpenRegistryOptions {
  /** Host and optional port as in image names: `docker.io`, `localhost:5000`. */
  readonly host: string;
  /** Accept certificates that cannot be verified, and plain http where https does not answer. */
  readonly insecure?: boolean | undefined;
  /** PEM texts of authorities to trust besides the usual ones. */
  readonly ca?: readonly string[] | undefined;
  /** Shown to this registry only, if it asks. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Asked when the registry wants credentials; they go to it and to its token server only. */
  readonly credentials?: CredentialLookup | undefined;
  /** Left out: every host is reached directly. */
  readonly proxies?: ProxyOptions | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** What {@link Registry.parallelCopies} says. */
  readonly parallelCopies?: number | undefined;
  readonly userAgent?: string | undefined;
  readonly onWarning?: ((text: string) => void) | undefined;
}

interface Waiting {
  readonly signal?: AbortSignal;
}

/** An image registry. Nothing is sent before the first method is called; methods may run at the same time. */
export interface Registry {
  /** At most so many layers at once are wanted to go there or come from there; undefined: nobody said. Callers keep to it. */
  readonly parallelCopies: number | undefined;
  /** @see {@link fetchManifest} */
  fetchManifest(repository: string, reference: string, options?: Waiting): Promise<RegistryManifest>;
  /** @see {@link fetchBlob} */
  fetchBlob(repository: string, blob: Descriptor, options?: Waiting): AsyncIterable<Uint8Array>;
  /** @see {@link hasBlob} */
  hasBlob(repository: string, blob: Descriptor, options?: Waiting): Promise<boolean>;
  /** @see {@link uploadBlob} */
  uploadBlob(repository: string, blob: Descriptor, open: () => AsyncIterable<Uint8Array>, options?: Waiting): Promise<void>;
  /** @see {@link mountBlob} */
  mountBlob(repository: string, blob: Descriptor, source: string, options?: Waiting): Promise<boolean>;
  /** @see {@link uploadManifest} */
  uploadManifest(repository: string, reference: string, manifest: RegistryManifest, options?: Waiting): Promise<void>;
  /** Ask whether the registry lets us in. @throws {RegistryError} with status 401 or 403 when it does not */
  checkAccess(options?: Waiting): Promise<void>;
  /** @see {@link searchRepositories} */
  search(term: string, limit: number, options?: Waiting): Promise<readonly FoundRepository[]>;
  /** @see {@link listTags} */
  listTags(repository: string, options?: Waiting): Promise<readonly string[]>;
  /** End its connections, also those in use. An idle connection does not keep the process alive, so this may be left out. */
  close(): Promise<void>;
}

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md */
export function openRegistry(options: OpenRegistryOptions): Registry {
  const { host, insecure = false, ca = [], clientCertificate, userAgent = 'tsbuild', onWarning } = options;
  const client = clientCertificate && { certificate: clientCertificate, origin: new URL(`https://${host}`).origin };
  const http = new HttpClient({ verify: !insecure, ca, client }, options.proxies);
  const credentials = options.credentials ?? (async () => undefined);
  const session = new Session({
    http,
    host,
    allowHttp: insecure,
    credentials,
    retry: options.retry ?? DEFAULT_RETRY,
    userAgent,
    onWarning,
  });
  return {
    parallelCopies: options.parallelCopies,
    fetchManifest: (repository, reference, { signal } = {}) => fetchManifest(session, repository, reference, signal),
    fetchBlob: (repository, blob, { signal } = {}) => fetchBlob(session, repository, blob, signal),
    hasBlob: (repository, blob, { signal } = {}) => hasBlob(session, repository, blob, signal),
    uploadBlob: (repository, blob, open, { signal } = {}) => uploadBlob(session, repository, blob, { open, signal }),
    mountBlob: (repository, blob, source, { signal } = {}) => mountBlob(session, repository, blob, { repository: source, signal }),
    uploadManifest: (repository, reference, manifest, { signal } = {}) =>
      uploadManifest(session, { repository, reference }, manifest, signal),
    checkAccess: ({ signal } = {}) => checkAccess(session, signal),
    search: (term, limit, { signal } = {}) => searchRepositories(session, term, limit, signal),
    listTags: (repository, { signal } = {}) => listTags(session, repository, signal),
    close: () => http.close(),
  };
}
