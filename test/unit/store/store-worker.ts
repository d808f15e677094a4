import { openStore, type Store } from '../../../src/store/index.js';
import { putSampleImage } from './sample-image.js';

/**
 * A process that uses a store like many commands in a row, until its time is over or it is killed.
 * Arguments: root, seed, milliseconds, `collect` or `keep`. Prints the names it last published or removed, one JSON line at the end.
 */
const [root = '', seedText = '0', lifeText = '1000', mode = 'keep'] = process.argv.slice(2);
const random = generator(Number(seedText));
const end = Date.now() + Number(lifeText);
const expected: Record<string, string | null> = {};

while (Date.now() < end) {
  const store = await openStore({ root, runRoot: root, noSync: true });
  try {
    await act(store);
  } finally {
    await store.close();
  }
}
process.stdout.write(`${JSON.stringify(expected)}\n`);

async function act(store: Store): Promise<void> {
  const name = `localhost/app${seedText}-${random(4)}:latest`;
  if (mode === 'collect' && random(5) === 0) {
    await store.collect({ wait: random(2) === 0 });
    return;
  }
  const release = await store.lockShared();
  try {
    if (random(4) === 0 && expected[name]) {
      await store.names.untag([name]);
      expected[name] = null;
      return;
    }
    // Few different texts, so that the processes share and fight over blobs.
    const { descriptor } = await putSampleImage(store, [`base ${random(3)}`, `layer ${random(20)}`]);
    await store.names.publish([name], descriptor);
    expected[name] = descriptor.digest;
    store.readImage(descriptor);
  } finally {
    release();
  }
}

/** Numbers below `limit`, the same for the same seed (mulberry32). */
function generator(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}
