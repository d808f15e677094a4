import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { workerFile } from '../sys/index.js';
import { ArchiveInvalidError, FileChangedError, LayerSystemError, LayerUnsupportedError, PathEscapeError } from './errors.js';
import type { GrowingFile } from './growing-file.js';
import { CHUNK_WINDOW, type FromWorker, type Job, type LayerFacts, type ToWorker, type WorkerFailure } from './protocol.js';

export type JobResult = Extract<FromWorker, { kind: 'written' | 'extracted' | 'digested' }>;

export interface JobOptions {
  readonly signal?: AbortSignal | undefined;
  /** The bytes of a job that has no file; its own failure comes out of the job unchanged. */
  readonly source?: AsyncIterable<Uint8Array> | undefined;
  /** The file of a job that reads it while it grows; what ends its growth too early comes out of the job unchanged. */
  readonly growing?: GrowingFile | undefined;
  readonly onHashed?: ((facts: LayerFacts) => void) | undefined;
}

// One job keeps a processor busy, so more workers would only take turns. Those that read a file while it is downloaded mostly wait, and
// do not count among the others. Started at the first job, kept for the next, and idle ones do not keep the process alive.
const idle: Worker[] = [];
let waiting: (() => void)[] = [];
let count = 0;
const busy = { computing: 0, following: 0 };

/**
 * Do `job` in a worker thread, after those before it when all workers are busy. When the signal fires the worker stops, removes its
 * file, and the job fails with the signal's reason.
 *
 * @throws the layer errors of errors.ts, what the source throws, or the signal's reason
 */
export async function runJob(job: Job, options: JobOptions): Promise<JobResult> {
  options.signal?.throwIfAborted();
  const kind = options.growing === undefined ? 'computing' : 'following';
  const worker = await takeWorker(kind);
  let alive = true;
  try {
    options.signal?.throwIfAborted();
    const ended = await converse(worker, job, options);
    alive = ended.alive;
    if (ended.result !== undefined) return ended.result;
    throw ended.failure;
  } finally {
    giveBack(worker, kind, alive);
  }
}

/** Whether layer work has begun in this process: `RUN true` must not start a thread. */
export function startedWorkers(): number {
  return count;
}

async function takeWorker(kind: keyof typeof busy): Promise<Worker> {
  while (busy[kind] >= availableParallelism()) await new Promise<void>((resolve) => waiting.push(resolve));
  busy[kind]++;
  const worker = idle.pop();
  if (worker !== undefined) {
    worker.ref();
    return worker;
  }
  count++;
  const threads = await import('node:worker_threads');
  // Nothing the worker runs looks at the environment or at node's own flags.
  return new threads.Worker(workerFile(), { name: 'layers', execArgv: [], env: {}, trackUnmanagedFds: false });
}

function giveBack(worker: Worker, kind: keyof typeof busy, alive: boolean): void {
  busy[kind]--;
  if (alive) {
    worker.unref();
    idle.push(worker);
  } else {
    count--;
  }
  // Each looks again whether there is room for its kind of job, in the order they came.
  const woken = waiting;
  waiting = [];
  for (const wake of woken) wake();
}

interface Ended {
  readonly result?: JobResult;
  readonly failure?: unknown;
  /** False when the thread itself has ended. */
  readonly alive: boolean;
}

function converse(worker: Worker, job: Job, { signal, source, growing, onHashed }: JobOptions): Promise<Ended> {
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const say = (message: ToWorker): void => worker.postMessage(message);
  const feed = source !== undefined ? new Feed(source, say) : growing !== undefined ? new GrowthFeed(growing, say) : undefined;
  return new Promise((resolve) => {
    const abort = (): void => {
      Atomics.store(stop, 0, 1);
      feed?.abort();
    };
    const end = (ended: Ended): void => {
      signal?.removeEventListener('abort', abort);
      worker.off('message', hear).off('error', die).off('exit', die);
      feed?.close();
      // What the caller can act on comes first: its own wish to stop, then its own source's failure.
      const failed = ended.result === undefined;
      if (failed && signal?.aborted) resolve({ ...ended, failure: signal.reason });
      else if (failed && feed?.failure !== undefined) resolve({ ...ended, failure: feed.failure });
      else resolve(ended);
    };
    const hear = (message: FromWorker): void => {
      switch (message.kind) {
        case 'want':
          feed?.want();
          break;
        case 'hashed':
          onHashed?.(message.facts);
          break;
        case 'failed':
          end({ failure: errorOf(message.failure, job), alive: true });
          break;
        default:
          end({ result: message, alive: true });
      }
    };
    const die = (reason: unknown): void => {
      const message = reason instanceof Error ? reason.message : `the worker thread ended with status ${String(reason)}`;
      end({ failure: new LayerSystemError(ACTIONS[job.kind], 'SYSTEM', message, { cause: reason }), alive: false });
    };
    worker.on('message', hear).on('error', die).on('exit', die);
    signal?.addEventListener('abort', abort, { once: true });
    say({ kind: 'job', job, stop });
    feed?.start();
  });
}

/** Sends a stream to a worker, a few chunks ahead of what it has used up. */
class Feed {
  failure: unknown;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #say: (message: ToWorker) => void;
  #credit = CHUNK_WINDOW;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(source: AsyncIterable<Uint8Array>, say: (message: ToWorker) => void) {
    this.#source = source;
    this.#say = say;
  }

  start(): void {
    this.#pump().then(
      () => {
        if (!this.#stopped) this.#say({ kind: 'end' });
      },
      (error: unknown) => {
        if (this.#stopped) return;
        this.failure = error;
        this.#say({ kind: 'broken' });
      },
    );
  }

  want(): void {
    this.#credit++;
    this.#wake?.();
  }

  /** Tell the worker that no more will come, should it wait for more. */
  abort(): void {
    if (!this.#stopped) this.#say({ kind: 'broken' });
    this.close();
  }

  /** Nothing is said any more: the worker may have the next job by then. The source is closed at its next chunk. */
  close(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  async #pump(): Promise<void> {
    for await (const bytes of this.#source) {
      while (this.#credit === 0 && !this.#stopped) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      if (this.#stopped) return;
      this.#credit--;
      this.#say({ kind: 'chunk', bytes });
    }
  }
}

/** Tells a worker how far its file has grown. */
class GrowthFeed {
  failure: unknown;
  #stopped = false;

  constructor(
    readonly growing: GrowingFile,
    readonly say: (message: ToWorker) => void,
  ) {}

  start(): void {
    const tell = (message: ToWorker): void => {
      if (!this.#stopped) this.say(message);
    };
    this.growing
      .follow((bytes) => tell({ kind: 'grown', bytes }))
      .then(
        () => tell({ kind: 'end' }),
        (error: unknown) => {
          if (!this.#stopped) this.failure = error;
          tell({ kind: 'broken' });
        },
      );
  }

  want(): void {}

  abort(): void {
    if (!this.#stopped) this.say({ kind: 'broken' });
    this.close();
  }

  close(): void {
    this.#stopped = true;
  }
}

const ACTIONS = { write: 'write layer', extract: 'extract layer', digest: 'read layer' } as const;

function errorOf({ code, message, entry }: WorkerFailure, job: Job): Error {
  const cause = Object.assign(new Error(message), { code });
  switch (code) {
    case 'ARCHIVE_INVALID':
      return new ArchiveInvalidError(stripped(message), entry, { cause });
    case 'PATH_ESCAPE':
      return new PathEscapeError(message, entry ?? '', { cause });
    case 'UNSUPPORTED':
      return new LayerUnsupportedError(message, entry ?? '', { cause });
    case 'FILE_CHANGED':
      return new FileChangedError(message, entry ?? '', { cause });
    default:
      return new LayerSystemError(ACTIONS[job.kind], code, message, { cause });
  }
}

/** An `ArchiveInvalidError` made in the worker has its sentence already. */
function stripped(message: string): string {
  return message.replace(/^Cannot extract archive: /, '');
}
