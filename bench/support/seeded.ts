/** Numbers from 0 to below 1, the same ones in each run. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
}

/** Text that compresses as prose does: words with a skewed distribution, the same on every run. */
export function seededText(bytes: number): Buffer {
  const next = seededRandom(42);
  const words = Array.from({ length: 8000 }, () =>
    Array.from({ length: 2 + Math.floor(next() * 9) }, () => String.fromCharCode(97 + Math.floor(next() * 26))).join(''),
  );
  const parts: string[] = [];
  for (let length = 0; length < bytes; ) {
    const word = words[Math.floor(8000 ** next()) % 8000]!;
    parts.push(word);
    length += word.length + 1;
  }
  return Buffer.from(parts.join(' ').padEnd(bytes, ' ').slice(0, bytes));
}
