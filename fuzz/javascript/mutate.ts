/** Numbers that look random and are the same for the same seed (xorshift32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

const MAX_BYTES = 4096;
/** Bytes that mean something to one parser or another. */
const SIGNIFICANT = Buffer.from('\0\t\n\r "\'!#$%&()*+,-./0189:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\xbf\xc3\xe2\xed\xf0\xff', 'latin1');

/** A changed copy of `input`: one to four of the usual mutations, `other` being spliced in sometimes. */
export function mutate(input: Buffer, other: Buffer, words: readonly string[], random: Random): Buffer {
  let bytes = input;
  for (let count = 1 + random.below(4); count > 0; count--) bytes = mutateOnce(bytes, other, words, random);
  return bytes.subarray(0, MAX_BYTES);
}

function mutateOnce(bytes: Buffer, other: Buffer, words: readonly string[], random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const length = random.below(Math.min(bytes.length - at, 32) + 1);
  const replaceBy = (part: Buffer): Buffer => Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at + length)]);
  switch (random.below(9)) {
    case 0:
      return replaceBy(Buffer.alloc(0));
    case 1:
      return replaceBy(Buffer.from([random.below(256)]));
    case 2:
      return replaceBy(Buffer.from([random.pick([...SIGNIFICANT])]));
    case 3:
      return flipBit(bytes, random);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)]);
    case 5: {
      const from = random.below(other.length + 1);
      return replaceBy(other.subarray(from, from + random.below(64)));
    }
    case 6:
      return replaceBy(
        Buffer.from(random.pick(['0', '-1', '1e99', '4294967296', '9007199254740993', '18446744073709551615', 'null', '[]', '{}'])),
      );
    default:
      return replaceBy(Buffer.from(words.length === 0 ? 'x' : random.pick(words), 'latin1'));
  }
}

function flipBit(bytes: Buffer, random: Random): Buffer {
  if (bytes.length === 0) return bytes;
  const copy = Buffer.from(bytes);
  const at = random.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}
