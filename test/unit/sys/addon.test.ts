import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const SOURCES = fileURLToPath(new URL('../../../src', import.meta.url));

/** What a fresh process with a copy of this folder and the given `dist/native/tsbuild.node` prints about its first call. */
function firstCall(directory: string, addon: string | undefined): { code: string; hint: string; message: string } {
  mkdirSync(join(directory, 'dist/native'), { recursive: true });
  cpSync(join(SOURCES, 'sys'), join(directory, 'src/sys'), { recursive: true });
  for (const file of ['errors.js', 'sha256.js']) cpSync(join(SOURCES, file), join(directory, 'src', file));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  if (addon !== undefined) writeFileSync(join(directory, 'dist/native/tsbuild.node'), addon);
  const script = `
    import { syncfs } from './src/sys/index.js';
    try { syncfs(0); } catch ({ code, hint, message }) { console.log(JSON.stringify({ code, hint, message })); }`;
  writeFileSync(join(directory, 'main.js'), script);
  return JSON.parse(execFileSync(process.execPath, [join(directory, 'main.js')], { encoding: 'utf8' }));
}

suite('sys addon', (test) => {
  for (const [title, content] of [
    ['missing', undefined],
    ['not a library for this machine', 'MZ'],
  ] as const) {
    test(`${title}: says what to do`, () =>
      withTempDir((directory) => {
        const { code, hint, message } = firstCall(directory, content);
        assert.is(code, 'NATIVE_MISSING');
        assert.match(hint, 'npm run build');
        assert.match(message, join(directory, 'dist/native/tsbuild.node'));
      }));
  }

  test('works in several worker threads at once, and when they are terminated while it waits', async () => {
    const door = new URL('../../../src/sys/index.js', import.meta.url).href;
    const script = `
      const { parentPort } = require('node:worker_threads');
      const { openSync } = require('node:fs');
      import(${JSON.stringify(door)}).then(async (sys) => {
        const tree = await sys.walk(openSync('/usr/bin', 'r'));
        const nothing = openSync('/dev/null', 'r+');
        const child = sys.spawn({ file: '/bin/sleep', argv: ['sleep', '0.3'], env: [], stdio: [nothing, nothing, nothing], fds: [] });
        parentPort.postMessage(tree.length);
        await child.exited;
      });`;
    const workers = Array.from({ length: 3 }, () => new Worker(script, { eval: true }));
    const lengths = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number));
    assert.ok(lengths.every((length) => length > 0 && length === lengths[0]));
    await Promise.all(workers.map((worker) => worker.terminate()));
    // The processes end after their workers: what waits for them must find nobody there, and not fall over it.
    await new Promise((resolve) => setTimeout(resolve, 500));
  });
});
