import type { OnReadOpts, Socket } from 'node:net';

/** As much as is asked of the kernel at once; what is left of it is filled by further reads. */
const SLAB_BYTES = 512 * 1024;
/** Less than this is not worth a read of its own. */
const LEAST_BYTES = 64 * 1024;
/** Slabs that wait for their next use; more go to the garbage collector. */
const MOST_SPARE = 16;

interface Slab {
  readonly memory: Buffer;
  /** Handed out, from the beginning on. */
  filledBytes: number;
  /** Of these, given back. */
  returnedBytes: number;
  /** Nothing is read into it any more. */
  isFull: boolean;
}

const slabs = new WeakMap<ArrayBufferLike, Slab>();
const spare: Slab[] = [];
/** Slabs with room, which no connection reads into. */
const open: Slab[] = [];

/**
 * The memory that connections read into, for the options of `net.connect` and `tls.connect`. Without it Node allocates 64 KiB for each read,
 * and what has passed through a download of 1 GiB is collected a dozen times, by all processors.
 */
export const receiveMemory: OnReadOpts = {
  buffer: () => {
    const slab = open.pop() ?? takeSlab();
    return slab.filledBytes === 0 ? slab.memory : slab.memory.subarray(slab.filledBytes);
  },
  callback(this: unknown, bytes: number, memory: Uint8Array): boolean {
    const slab = slabs.get(memory.buffer)!;
    slab.filledBytes += bytes;
    if (SLAB_BYTES - slab.filledBytes >= LEAST_BYTES) open.push(slab);
    else slab.isFull = true;
    // Node calls it as a method of the socket. False: it stops reading until somebody has read this.
    return (this as Socket).push(memory.subarray(0, bytes));
  },
};

/**
 * Gives back a piece of a body that nobody will look at any more: others' bytes may be read to where it lies. To be called at most once for
 * each piece; who does not call it, or not for all, leaves the memory to the garbage collector. Pieces from elsewhere are let pass.
 */
export function giveBack(piece: Uint8Array): void {
  const slab = slabs.get(piece.buffer);
  if (slab === undefined) return;
  slab.returnedBytes += piece.length;
  if (!slab.isFull || slab.returnedBytes < slab.filledBytes || spare.length >= MOST_SPARE) return;
  spare.push(slab);
}

function takeSlab(): Slab {
  const slab = spare.pop();
  if (slab !== undefined) {
    slab.filledBytes = 0;
    slab.returnedBytes = 0;
    slab.isFull = false;
    return slab;
  }
  const made = { memory: Buffer.allocUnsafeSlow(SLAB_BYTES), filledBytes: 0, returnedBytes: 0, isFull: false };
  slabs.set(made.memory.buffer, made);
  return made;
}
