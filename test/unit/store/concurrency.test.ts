import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openStore } from '../../../src/store/index.js';
import { problemsOf } from '../../support/store-problems.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const WORKER = join(import.meta.dirname, 'store-worker.js');

function start(
  root: string,
  seed: number,
  lifeMs: number,
): ChildProcess & { readonly output: Promise<string>; readonly ended: Promise<number | null> } {
  const child = spawn(process.execPath, [WORKER, root, String(seed), String(lifeMs), 'collect'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const read = async (stream: AsyncIterable<Buffer> | null): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream ?? []) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const problems = read(child.stderr);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(code);
      else problems.then((text) => reject(new Error(`worker ${seed} failed: ${text}`)), reject);
    });
  });
  return Object.assign(child, { output: read(child.stdout), ended });
}

suite('concurrent processes', (test) => {
  test('eight that put, tag, untag and collect lose nothing', () =>
    withTempDir(async (root) => {
      const workers = Array.from({ length: 8 }, (_, seed) => start(root, seed, 3000));
      await Promise.all(workers.map(({ ended }) => ended));
      const store = await openStore({ root, runRoot: root });
      const names = new Map(store.names.list().flatMap(({ name, descriptor }) => (name === undefined ? [] : [[name, descriptor.digest]])));
      let published = 0;
      for (const { output } of workers) {
        for (const [name, digest] of Object.entries(JSON.parse(await output) as Record<string, string | null>)) {
          assert.is(names.get(name) ?? null, digest, name);
          if (digest !== null) published++;
        }
      }
      assert.ok(published > 8, `only ${published} names are left`);
      assert.equal(await problemsOf(store), []);
      assert.is((await store.collect()).kind, 'collected');
      assert.equal(await problemsOf(store), []);
      await store.close();
      assert.equal(readdirSync(join(root, 'tmp')), []);
      assert.equal(readdirSync(join(root, 'trash')), []);
    }));

  test('killed at any moment, the store stays whole', () =>
    withTempDir(async (root) => {
      const end = Date.now() + 8000;
      let rounds = 0;
      // Start-up takes a while, so the moment of death is spread over what comes after it.
      for (let moment = 0; Date.now() < end; moment = (moment * 7 + 13) % 101) {
        const workers = [start(root, 100 + rounds * 2, 60_000), start(root, 101 + rounds * 2, 60_000)];
        await new Promise((resolve) => setTimeout(resolve, 150 + moment * 3));
        for (const worker of workers) worker.kill('SIGKILL');
        await Promise.all(workers.map(({ ended }) => ended));
        const store = await openStore({ root, runRoot: root });
        assert.equal(await problemsOf(store), [], `after round ${rounds}`);
        await store.close();
        rounds++;
      }
      assert.ok(rounds > 3, `only ${rounds} rounds`);
      const store = await openStore({ root, runRoot: root });
      const release = await store.lockShared();
      release();
      assert.is((await store.collect()).kind, 'collected');
      assert.equal(await problemsOf(store), []);
      await store.close();
      assert.equal(readdirSync(join(root, 'trash')), []);
    }));
});
