import * as assert from 'uvu/assert';
import type { RawManifest, RegistryClient } from '../../../src/transports/index.js';
import { suite } from '../../support/suite.js';
import { putSampleImage } from '../store/sample-image.js';
import { withStore } from '../store/with-store.js';
import { copy } from './transport-support.js';

/** Holds what is uploaded, and knows how many blobs were on their way at once. */
class WatchedRegistry implements RegistryClient {
  most = 0;
  #now = 0;
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #manifests = new Map<string, RawManifest>();

  constructor(readonly parallelCopies: number | undefined) {}

  readonly hasBlob = async (): Promise<boolean> => false;
  readonly mountBlob = async (): Promise<boolean> => false;

  readonly uploadBlob: RegistryClient['uploadBlob'] = async (_repository, { digest }, open) => {
    this.#begin();
    const pieces: Uint8Array[] = [];
    for await (const piece of open()) pieces.push(piece);
    await this.#end();
    this.#blobs.set(digest, Buffer.concat(pieces));
  };

  readonly uploadManifest: RegistryClient['uploadManifest'] = async (_repository, _reference, manifest) => {
    this.#manifests.set('only', manifest);
  };

  readonly fetchManifest = async (): Promise<RawManifest> => this.#manifests.get('only')!;

  readonly fetchBlob: RegistryClient['fetchBlob'] = (_repository, { digest }) => this.#send(this.#blobs.get(digest)!);

  async *#send(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    this.#begin();
    await this.#end();
    yield bytes;
  }

  #begin(): void {
    this.#now++;
    this.most = Math.max(this.most, this.#now);
  }

  /** Late enough for whoever else is about to begin. */
  async #end(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.#now--;
  }
}

suite('layers to and from a registry', (test) => {
  for (const [parallelCopies, expected] of [
    [1, 1],
    [2, 2],
    // Four layers, and six at once are usual.
    [undefined, 4],
  ] as const) {
    test(`go ${expected} at once, for a registry that wants ${parallelCopies ?? 'as many as is usual'}`, () =>
      withStore(async (store) => {
        const image = await putSampleImage(store, ['one', 'two', 'three', 'four']);
        await store.names.publish(['localhost/app:latest'], image.descriptor);
        const registry = new WatchedRegistry(parallelCopies);
        await copy(store, 'containers-storage:app', 'docker://registry.example/app', { registry: () => registry });
        assert.is(registry.most, expected);
        registry.most = 0;
        await withStore(async (other) => {
          await copy(other, 'docker://registry.example/app', 'containers-storage:back', { registry: () => registry });
        });
        assert.is(registry.most, expected);
      }));
  }
});
