/** Entry of a layer worker thread: does one job at a time, by messages (protocol.ts). */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { BlobFile } from './blob-file.js';
import { BlockMemory } from './block-memory.js';
import { ChunkQueue } from './chunk-queue.js';
import { decompress, openCompressor } from './compression.js';
import { GrowingBytes } from './growing-file.js';
import { layerAddon, nativeErrorOf } from './native.js';
import type { DigestJob, ExtractJob, FromWorker, Job, ToWorker, WriteJob } from './protocol.js';

const READ_BYTES = 1024 * 1024;
/** Of a file that is being downloaded: it comes in smaller pieces, and several may be read at once. */
const GROWING_BYTES = 256 * 1024;
/** 4 MiB: enough that a burst of small files does not stop the hash. */
const tarMemory = new BlockMemory(16);
const port = parentPort;
if (port === null) throw new TypeError('worker.ts runs in a worker thread only');

const tell = (message: FromWorker): void => port.postMessage(message);
let chunks = new ChunkQueue(() => {});
let growing: GrowingBytes | undefined;

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'job':
      chunks = new ChunkQueue(() => tell({ kind: 'want' }));
      growing = growingOf(message.job);
      run(message.job, message.stop, growing ?? chunks).then(tell, (error: unknown) =>
        tell({ kind: 'failed', failure: nativeErrorOf(error) }),
      );
      break;
    case 'chunk':
      chunks.push(message.bytes);
      break;
    case 'grown':
      growing?.grow(message.bytes);
      break;
    case 'end':
      (growing ?? chunks).end();
      break;
    case 'broken':
      (growing ?? chunks).break();
      break;
  }
});

function growingOf(job: Job): GrowingBytes | undefined {
  return job.kind === 'extract' && typeof job.file === 'object' ? new GrowingBytes(job.file.growing, GROWING_BYTES) : undefined;
}

function run(job: Job, stop: Int32Array, source: AsyncIterable<Uint8Array>): Promise<FromWorker> {
  const check = (): void => {
    if (Atomics.load(stop, 0) !== 0) throw new Error('The job was cancelled');
  };
  switch (job.kind) {
    case 'write':
      return write(job, check);
    case 'extract':
      return extract(job, source, check);
    case 'digest':
      return digest(job, check);
  }
}

function write(job: WriteJob, check: () => void): Promise<FromWorker> {
  return withBlobFile(job.file, async (blob) => {
    const { TarReader } = layerAddon();
    const trusted = job.overlayXattrs === 'trusted';
    const reader = new TarReader(
      job.upper,
      trusted,
      job.lowers,
      job.rootMode,
      job.rootUid,
      job.rootGid,
      job.clampSeconds,
      job.forceSeconds,
      job.list?.names,
      job.list?.kinds,
      job.list?.numbers,
      job.addedFrom,
      tarMemory.bytes,
      blob.writer,
    );
    try {
      const compressor = await openCompressor(job.compression, job.level, blob);
      let turn = 0;
      for (let size = reader.next(); size > 0; size = reader.next()) {
        check();
        await compressor.write(tarMemory.block(turn++).subarray(0, size));
      }
      const facts = reader.finish();
      tell({ kind: 'hashed', facts });
      await compressor.end();
      return { kind: 'written', facts, ...blob.finish() };
    } finally {
      reader.cancel();
    }
  });
}

/** What `write` gives; the file stays only if it gives anything. */
async function withBlobFile<T>(file: string, write: (blob: BlobFile) => Promise<T>): Promise<T> {
  const blob = new BlobFile(file);
  try {
    return await write(blob);
  } catch (error) {
    blob.remove();
    throw error;
  } finally {
    blob.close();
  }
}

async function extract(job: ExtractJob, source: AsyncIterable<Uint8Array>, check: () => void): Promise<FromWorker> {
  const { Extractor } = layerAddon();
  const prefix = Buffer.from(job.prefix);
  const gzip = job.compression === 'gzip';
  const extractor = new Extractor(job.target, job.overlay, job.lowers, prefix, job.uid, job.gid, job.requireEnd, gzip);
  try {
    const compressed = typeof job.file === 'string' ? fileBytes(job.file) : source;
    for await (const bytes of gzip ? compressed : decompress(compressed, job.compression)) {
      check();
      extractor.write(bytes);
    }
    return { kind: 'extracted', facts: extractor.finish() };
  } finally {
    extractor.cancel();
  }
}

/** A file's bytes in a buffer that is used again. */
async function* fileBytes(file: string): AsyncGenerator<Uint8Array> {
  const fd = openSync(file, 'r');
  try {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    for (let size = 1; size > 0; ) {
      size = readSync(fd, buffer);
      if (size > 0) yield buffer.subarray(0, size);
    }
  } finally {
    closeSync(fd);
  }
}

async function digest(job: DigestJob, check: () => void): Promise<FromWorker> {
  const hash = createHash('sha256');
  let bytes = 0;
  const compressed = createReadStream(job.file, { highWaterMark: READ_BYTES });
  for await (const chunk of decompress(compressed as AsyncIterable<Uint8Array>, job.compression)) {
    check();
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { kind: 'digested', digest: hash.digest('hex'), bytes };
}
