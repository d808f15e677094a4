/** The bytes of `source`, up to `limitBytes`; what is beyond is an error. */
export async function* bounded(
  source: AsyncIterable<Uint8Array>,
  limitBytes: number,
  tooLarge: () => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  let total = 0;
  for await (const bytes of source) {
    total += bytes.length;
    if (total > limitBytes) throw tooLarge();
    yield bytes;
  }
}
