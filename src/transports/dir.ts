import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { type Digest, digestAlgorithm, digestHex, digestOf, MAX_MANIFEST_BYTES } from '../image/index.js';
import { DestinationInUseError, SourceImageNotFoundError } from './errors.js';
import type { ImageSink } from './image-sink.js';
import type { ImageSource } from './image-source.js';
import { readPlainFile, streamPlainFile } from './plain-file.js';
import { writeFileSafely } from './write-file.js';

// https://github.com/containers/image/blob/v5.30.0/directory/directory_dest.go
const VERSION_TEXT = 'Directory Transport Version: 1.1\n';
const VERSION_TEXT_ANY_ALGORITHM = 'Directory Transport Version: 1.2\n';

/** `dir:`: one image as flat files, for looking at and for tests. */
export function openDirSource(path: string): ImageSource {
  const top = join(path, 'manifest.json');
  const missing = (file: string, error: unknown): unknown =>
    hasCode(error, 'ENOENT') ? new SourceImageNotFoundError(`dir:${path}`, `"${file}" does not exist`) : error;
  return {
    description: `dir:${path}`,
    async readManifest(digest) {
      const instance = digest === undefined ? undefined : join(path, `${fileName(digest)}.manifest.json`);
      const file = instance !== undefined && existsSync(instance) ? instance : top;
      const bytes = await readPlainFile(file, MAX_MANIFEST_BYTES).catch((error: unknown) => Promise.reject(missing(file, error)));
      return { bytes, mediaType: '', digest: digest ?? digestOf(bytes) };
    },
    async *openBlob(blob) {
      const file = join(path, fileName(blob.digest));
      try {
        yield* streamPlainFile(file);
      } catch (error) {
        throw missing(file, error);
      }
    },
    async readSignatures(digest) {
      const found: Uint8Array[] = [];
      for (let file = signatureFile(path, digest, 1); existsSync(file); file = signatureFile(path, digest, found.length + 1))
        found.push(await readPlainFile(file, MAX_MANIFEST_BYTES));
      return found;
    },
    async close() {},
  };
}

/** @throws {DestinationInUseError} the directory holds something that is not an image of this transport */
export function openDirSink(path: string): ImageSink {
  let isPrepared = false;
  let isOtherAlgorithmUsed = false;
  // Only when the first bytes come is the old image given up.
  const prepare = (): void => {
    if (isPrepared) return;
    clearImage(path);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'version'), VERSION_TEXT);
    isPrepared = true;
  };
  refuseForeign(path);
  return {
    description: `dir:${path}`,
    formats: ['oci', 'docker'],
    layers: 'preserve',
    acceptsIndex: true,
    concurrency: 6,
    async hasBlob(blob) {
      return isPrepared && statSync(join(path, fileName(blob.digest)), { throwIfNoEntry: false })?.size === blob.size;
    },
    async writeBlob(blob, options) {
      prepare();
      isOtherAlgorithmUsed ||= digestAlgorithm(blob.descriptor.digest) !== 'sha256';
      await writeFileSafely(join(path, fileName(blob.descriptor.digest)), blob.open(), options);
    },
    async writeManifest(manifest, role) {
      prepare();
      const name = role === 'top' ? 'manifest.json' : `${fileName(manifest.digest)}.manifest.json`;
      writeFileSync(join(path, name), manifest.bytes);
    },
    async writeSignature(signature, manifest, role) {
      writeFileSync(signatureFile(path, role === 'top' ? undefined : manifest.digest, 1), signature);
    },
    async commit() {
      if (isOtherAlgorithmUsed) writeFileSync(join(path, 'version'), VERSION_TEXT_ANY_ALGORITHM);
    },
    async close() {},
  };
}

function fileName(digest: Digest): string {
  const algorithm = digestAlgorithm(digest);
  return algorithm === 'sha256' ? digestHex(digest) : `${algorithm}-${digestHex(digest)}`;
}

/** `signature-1`, and `HEX.signature-1` of an image of a list. */
function signatureFile(path: string, instance: Digest | undefined, number: number): string {
  return join(path, `${instance === undefined ? '' : `${fileName(instance)}.`}signature-${number}`);
}

function refuseForeign(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) throw new DestinationInUseError(path, 'it is not a directory');
  if (readdirSync(path).length > 0 && !isImageDirectory(path))
    throw new DestinationInUseError(path, 'it is not a containers image directory');
}

function isImageDirectory(path: string): boolean {
  const version = join(path, 'version');
  return existsSync(version) && /^Directory Transport Version: 1\.[0-9]+\n$/.test(readFileSync(version, 'utf8'));
}

function clearImage(path: string): void {
  refuseForeign(path);
  if (existsSync(path)) for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true });
}
