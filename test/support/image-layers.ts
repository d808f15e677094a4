import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { run, type TestStore } from './tsbuild.js';

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly mediaType: string }[];
}

/** The manifest of an image in the store, found as any reader of an OCI layout would. */
export function manifestOf(store: TestStore, name: string): Manifest {
  const index = JSON.parse(readFileSync(join(store.root, 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  const found = index.manifests.find(
    ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === `localhost/${name}:latest`,
  );
  if (found === undefined) throw new Error(`no image ${name}`);
  return JSON.parse(readFileSync(blobPath(store, found.digest), 'utf8')) as Manifest;
}

export function blobPath(store: TestStore, digest: string): string {
  return join(store.root, 'blobs', digest.replace(':', '/'));
}

/** What tar(1) lists of the last layer, which must be gzip: `mode owner size date time name` a line. */
export async function lastLayerListing(store: TestStore, name: string): Promise<string[]> {
  const layer = manifestOf(store, name).layers.at(-1)!;
  const { stdout } = await run(['tar', '--numeric-owner', '--full-time', '-tvf', '-'], {
    stdin: gunzipSync(readFileSync(blobPath(store, layer.digest))),
  });
  return stdout.trim().split('\n');
}
