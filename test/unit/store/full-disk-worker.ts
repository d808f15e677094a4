import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../../src/errors.js';
import { openStore } from '../../../src/store/index.js';
import { problemsOf } from '../../support/store-problems.js';
import { putSampleImage } from './sample-image.js';

/** Fills the file system that the argument is on while using a store there; prints what came of it. */
const [directory = ''] = process.argv.slice(2);
const root = join(directory, 'root');
const store = await openStore({ root, runRoot: root });
const old = await putSampleImage(store, ['old']);
const next = await putSampleImage(store, ['next']);
await store.names.publish(['localhost/app:latest'], old.descriptor);
const blobsBefore = readdirSync(join(root, 'blobs', 'sha256')).length;

const big = async function* (): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < 64; count++) yield randomBytes(64 * 1024);
};
const first = await failureOf(() => store.blobs.put(big()));
// No byte left: not even index.json fits.
try {
  for (let size = 64 * 1024; size > 0; size = size > 4096 ? size / 2 : size)
    writeFileSync(join(directory, 'filler'), randomBytes(size), { flag: 'a' });
} catch (error) {
  if (!hasCode(error, 'ENOSPC')) throw error;
}
const names = Array.from({ length: 200 }, (_, number) => `localhost/app:${number}`);
const second = await failureOf(() => store.names.publish(['localhost/app:latest', ...names], next.descriptor));
const result = {
  code: first.code,
  message: first.message,
  publishCode: second.code,
  names: store.names.list().map(({ name }) => name),
  problems: await problemsOf(store),
  left: [
    ...readdirSync(await store.scratch.dir()),
    ...readdirSync(root).filter((name) => name.endsWith('.tmp')),
    ...(readdirSync(join(root, 'blobs', 'sha256')).length === blobsBefore ? [] : ['a new blob']),
  ],
};
await store.close();
process.stdout.write(JSON.stringify(result));

async function failureOf(body: () => Promise<unknown>): Promise<{ code?: unknown; message: string }> {
  try {
    await body();
  } catch (error) {
    return error as Error;
  }
  return { message: 'no failure' };
}
