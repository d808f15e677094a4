import type { Descriptor } from '../image/index.js';
import type { RawManifest } from './image-source.js';

/** What the docker transport needs of a registry; `src/registry` has it. */
export interface RegistryClient {
  /** At most so many layers at once are to go there or come from there; undefined: as many as is usual. */
  readonly parallelCopies?: number | undefined;
  fetchManifest(repository: string, reference: string, options?: { readonly signal?: AbortSignal }): Promise<RawManifest>;
  fetchBlob(repository: string, blob: Descriptor, options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
  hasBlob(repository: string, blob: Descriptor, options?: { readonly signal?: AbortSignal }): Promise<boolean>;
  uploadBlob(
    repository: string,
    blob: Descriptor,
    open: () => AsyncIterable<Uint8Array>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<void>;
  /** False when the registry wants the bytes. */
  mountBlob(repository: string, blob: Descriptor, source: string, options?: { readonly signal?: AbortSignal }): Promise<boolean>;
  uploadManifest(repository: string, reference: string, manifest: RawManifest, options?: { readonly signal?: AbortSignal }): Promise<void>;
}
