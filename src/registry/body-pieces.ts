import { finished, type Readable } from 'node:stream';

/**
 * The pieces of a body as they were received, a few ahead of what is asked for. The body's own iteration would join those that wait into a
 * copy. Destroys the body when it is not read to its end.
 *
 * @throws what ended the body too early
 */
export async function* piecesOf(body: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  let waiting: Uint8Array[] = [];
  let end: { readonly failure: Error | null | undefined } | undefined;
  let wake = (): void => {};
  const hear = (piece: Uint8Array): void => {
    waiting.push(piece);
    body.pause();
    wake();
  };
  finished(body, { writable: false }, (failure) => {
    end = { failure };
    wake();
  });
  body.on('data', hear);
  try {
    for (;;) {
      if (waiting.length > 0) {
        const taken = waiting;
        waiting = [];
        // The next ones may come while these are used.
        body.resume();
        yield* taken;
      } else if (end !== undefined) {
        if (end.failure) throw end.failure;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    body.off('data', hear);
    if (end === undefined) body.destroy();
  }
}
