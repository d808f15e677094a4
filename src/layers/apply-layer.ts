import { createReadStream } from 'node:fs';
import { type Compression, type ContentDigest, type DiffId, type Digest, DigestMismatchError } from '../image/index.js';
import type { Fd } from '../sys/index.js';
import { awaitHead, type ByteSource, isFile, isGrowing, peek, readHead } from './byte-source.js';
import { type ArchiveCompression, compressionOf, decompress, MAGIC_BYTES } from './compression.js';
import { LayerSystemError } from './errors.js';
import type { GrowingFile } from './growing-file.js';
import { layerAddon, nativeErrorOf } from './native.js';
import type { ExtractedFacts, ExtractJob } from './protocol.js';
import { type JobOptions, runJob } from './worker-pool.js';

export interface LayerToApply {
  /** The blob as stored or sent. What its own digest must be is checked by whoever gives it. */
  readonly blob: ByteSource;
  readonly compression: Compression | 'detect';
  /** An empty directory; on failure what was made so far is left in it. Kept open until the result is there. */
  readonly target: Fd;
  /**
   * How removed files and opaque directories are marked: for an overlay, or (`copy`) by fifos of mode 01000 and a certain time and by the
   * attribute `user.tsbuild.opaque`, which every file system takes.
   */
  readonly whiteouts: 'overlay-user' | 'overlay-trusted' | 'copy';
  /** The layers under this one as extracted, top first: where parents that the tar leaves out get their attributes. */
  readonly lowers: readonly Fd[];
  readonly expectedDiffId?: DiffId;
}

const MARKS = { 'overlay-user': 'user', 'overlay-trusted': 'trusted', copy: 'copy' } as const;

export interface AppliedLayer {
  /** Of the whole decompressed stream, bytes behind the end of the archive included. */
  readonly diffId: DiffId;
  /** The same as the writer gives for a layer with these entries; other spellings of one tree (another first hard link) may differ. */
  readonly contentDigest: ContentDigest;
  readonly uncompressedBytes: number;
  /** Directories the layer has no entry for, '' its root: what `adoptAttributes` takes when the lowers were not there yet. */
  readonly implied: readonly Uint8Array[];
  /** True when the layer hides all below it: without its lowers it cannot be extracted. */
  readonly hidesAll: boolean;
}

/**
 * Extract a layer into an empty directory, ready as an overlay lower directory. The main thread stays free. No entry can reach
 * anything outside the target. Owners that this user namespace cannot give and devices it cannot make are written down in the
 * attribute `user.containers.override_stat`; of symbolic links and fifos, which cannot carry one, such an owner is lost.
 *
 * @throws {ArchiveInvalidError} {PathEscapeError} the layer breaks its format, or tries to leave the target
 * @throws {DigestMismatchError} the uncompressed bytes are not those of `expectedDiffId`
 * @throws {LayerSystemError} a file cannot be made (`STORE_FULL` on a full disk)
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#applying-changesets
 */
export async function applyLayer(layer: LayerToApply, { signal }: { readonly signal?: AbortSignal } = {}): Promise<AppliedLayer> {
  const job = {
    kind: 'extract' as const,
    target: layer.target,
    overlay: MARKS[layer.whiteouts],
    lowers: layer.lowers,
    prefix: new Uint8Array(0),
    uid: undefined,
    gid: undefined,
    // The diff id says whether all is there; some writers leave the closing blocks out.
    requireEnd: layer.expectedDiffId === undefined,
  };
  const facts = await extract(job, layer.blob, layer.compression, signal);
  const diffId = `sha256:${facts.diffId}` as DiffId;
  if (layer.expectedDiffId !== undefined && diffId !== layer.expectedDiffId) {
    throw new DigestMismatchError(layer.expectedDiffId as string as Digest, diffId as string as Digest, 'the uncompressed layer');
  }
  const { implied, hidesAll } = facts;
  return { diffId, contentDigest: `sha256:${facts.contentDigest}` as ContentDigest, uncompressedBytes: facts.bytes, implied, hidesAll };
}

/**
 * Completes a layer that was extracted before the layers under it: directories it has no entry for get the attributes they have there.
 *
 * @param lowers  top first
 * @param implied what `applyLayer` said
 * @throws {LayerSystemError}
 */
export function adoptAttributes(
  target: Fd,
  whiteouts: LayerToApply['whiteouts'],
  lowers: readonly Fd[],
  implied: readonly Uint8Array[],
): void {
  if (implied.length === 0) return;
  try {
    layerAddon().adoptAttributes(target, whiteouts === 'overlay-user' ? 'user' : 'trusted', lowers, implied);
  } catch (error) {
    const { code, message } = nativeErrorOf(error);
    throw new LayerSystemError('extract layer', code, message, { cause: error });
  }
}

/** Run an extraction; what no worker decompresses (bzip2, xz) is decompressed on its way there. */
export async function extract(
  job: Omit<ExtractJob, 'file' | 'compression'>,
  source: ByteSource,
  compression: ArchiveCompression | 'detect',
  signal: AbortSignal | undefined,
): Promise<ExtractedFacts> {
  signal?.throwIfAborted();
  const found = await open(source, compression);
  const options: JobOptions = { signal, source: found.stream, growing: found.growing };
  const result = await runJob({ ...job, file: found.file, compression: found.compression }, options);
  if (result.kind !== 'extracted') throw new TypeError(`An extract job gave "${result.kind}"`);
  return result.facts;
}

interface OpenSource {
  readonly file: ExtractJob['file'];
  readonly stream?: AsyncIterable<Uint8Array> | undefined;
  readonly growing?: GrowingFile;
  readonly compression: Compression;
}

async function open(source: ByteSource, wanted: ArchiveCompression | 'detect'): Promise<OpenSource> {
  if (isGrowing(source)) return openGrowing(source.growing, wanted);
  if (isFile(source)) {
    const compression = wanted === 'detect' ? compressionOf(readHead(source.file, MAGIC_BYTES)) : wanted;
    if (compression !== 'bzip2' && compression !== 'xz') return { file: source.file, compression };
    return { file: undefined, stream: decompress(createReadStream(source.file), compression), compression: 'none' };
  }
  const { head, stream } = wanted === 'detect' ? await peek(source, MAGIC_BYTES) : { head: new Uint8Array(0), stream: source };
  const compression = wanted === 'detect' ? compressionOf(head) : wanted;
  if (compression !== 'bzip2' && compression !== 'xz') return { file: undefined, stream, compression };
  return { file: undefined, stream: decompress(stream, compression), compression: 'none' };
}

async function openGrowing(growing: GrowingFile, wanted: ArchiveCompression | 'detect'): Promise<OpenSource> {
  const compression = wanted === 'detect' ? compressionOf(await awaitHead(growing, MAGIC_BYTES)) : wanted;
  if (compression !== 'bzip2' && compression !== 'xz') return { file: { growing: growing.fd }, growing, compression };
  // Their programs read a stream; rare enough to wait for the whole.
  await growing.follow(() => {});
  const whole = createReadStream('', { fd: growing.fd, autoClose: false, start: 0 });
  return { file: undefined, stream: decompress(whole, compression), compression: 'none' };
}
