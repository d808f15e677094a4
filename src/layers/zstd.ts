import { availableParallelism } from 'node:os';
import type { CCtx, DCtx } from 'zstd-napi/binding.js';
import type { ByteOutput } from './byte-output.js';
import { ArchiveInvalidError } from './errors.js';

export const DEFAULT_ZSTD_LEVEL = 3;
const CHUNK_BYTES = 256 * 1024;
/**
 * How much one thread compresses at a time; a part of the output's definition, since each job starts anew but for an overlap. A fourth
 * of libzstd's own choice at level 3: 0.4 % larger blobs, and 80 MiB less memory with two threads.
 */
const JOB_BYTES = 2 * 1024 * 1024;
/** More threads would only wait for the hash of the tar, and each costs memory. */
const MOST_WORKERS = 8;

type Binding = typeof import('zstd-napi/binding.js');

let binding: Promise<Binding> | undefined;

/** Loaded at first use: commands that only list or tag never pay for it. */
function loadBinding(): Promise<Binding> {
  binding ??= import('zstd-napi/binding.js').then((module) => (module as Binding & { default?: Binding }).default ?? module);
  return binding;
}

/** One zstd frame, written piece by piece. */
export interface ZstdFrame {
  /** Returns when all of `bytes` is taken over; what is compressed by then is in the output. */
  write(bytes: Uint8Array): void;
  end(): void;
}

/**
 * The frame's bytes depend on the level, the bytes and the library's version, and on nothing else: not on how `write` calls cut
 * them, and not on the number of processors. libzstd runs on threads of its own, but the calls wait for it: use a worker thread
 * for anything large.
 */
export async function zstdFrame(level: number | undefined, output: ByteOutput): Promise<ZstdFrame> {
  const zstd = await loadBinding();
  const context: CCtx = new zstd.CCtx();
  context.setParameter(zstd.CParameter.compressionLevel, level ?? DEFAULT_ZSTD_LEVEL);
  context.setParameter(zstd.CParameter.checksumFlag, 1);
  // Never 0: that is another code path of libzstd, with other bytes. From 1 on, the number changes nothing but the time.
  context.setParameter(zstd.CParameter.nbWorkers, Math.min(MOST_WORKERS, Math.max(1, availableParallelism())));
  context.setParameter(zstd.CParameter.jobSize, JOB_BYTES);
  return {
    write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const [, produced, consumed] = context.compressStream2(output.room(), bytes.subarray(at), zstd.EndDirective.continue);
        at += consumed;
        if (produced > 0) output.filled(produced);
      }
    },
    end() {
      for (let left = 1; left > 0; ) {
        const [remaining, produced] = context.compressStream2(output.room(), new Uint8Array(0), zstd.EndDirective.end);
        left = remaining;
        if (produced > 0) output.filled(produced);
      }
    },
  };
}

/**
 * The content of zstd frames one after the other, skippable frames left out.
 *
 * @throws {ArchiveInvalidError} damaged, cut short, or followed by something that is no frame
 * @see https://www.rfc-editor.org/rfc/rfc8878
 */
export async function* unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const zstd = await loadBinding();
  const context = new zstd.DCtx();
  // What libzstd wants more of: 0 exactly between frames.
  let wanted = 1;
  for await (const chunk of source) {
    let input = chunk;
    while (input.length > 0 || wanted !== 0) {
      const output = Buffer.allocUnsafe(CHUNK_BYTES);
      const [next, produced, consumed] = step(context, output, input);
      wanted = next;
      input = input.subarray(consumed);
      if (produced > 0) yield output.subarray(0, produced);
      if (input.length === 0 && produced < output.length) break;
    }
  }
  if (wanted !== 0) throw new ArchiveInvalidError('the zstd stream ends too early');
}

function step(context: DCtx, output: Uint8Array, input: Uint8Array): readonly [number, number, number] {
  try {
    return context.decompressStream(output, input);
  } catch (error) {
    throw new ArchiveInvalidError(`the zstd stream is damaged (${error instanceof Error ? error.message : String(error)})`, undefined, {
      cause: error,
    });
  }
}
