import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

/** Runs a small test file against the real wrapper, in a process of its own. */
async function runFile(body: string): Promise<{ status: number | null; output: string }> {
  return withTempDir((directory) => {
    const wrapper = new URL('../../support/suite.js', import.meta.url).href;
    const file = join(directory, 'sample.mjs');
    writeFileSync(file, `import { suite, skip } from ${JSON.stringify(wrapper)};\n${body}`);
    const run = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    return { status: run.status, output: run.stdout + run.stderr };
  });
}

suite('test wrapper', (test) => {
  test('a test that throws a string fails the process', async () => {
    const run = await runFile(`suite('s', (test) => { test('t', () => { throw 'x'; }); test('u', () => {}); });`);
    assert.is(run.status, 1);
    assert.match(run.output, /# passed 1 failed 1 skipped 0 of 2/);
  });

  test('a suite without tests fails the process', async () => {
    assert.is((await runFile(`suite('s', () => {});`)).status, 1);
  });

  test('a skipped test is counted and its reason printed', async () => {
    const run = await runFile(`suite('s', (test) => { test('t', () => skip('no moon')); });`);
    assert.is(run.status, 0);
    assert.match(run.output, /# skipped s › t: no moon/);
    assert.match(run.output, /# passed 0 failed 0 skipped 1 of 1/);
  });

  test('a test that never ends is not counted as passed', async () => {
    const run = await runFile(`suite('s', (test) => { test('t', () => new Promise(() => {})); });setTimeout(() => process.exit(0), 50);`);
    assert.match(run.output, /# passed 0 failed 0 skipped 0 of 1/);
  });

  test('the runner fails on a file whose closing line is missing', () => {
    const runner = new URL('../../../../../scripts/run-tests.mjs', import.meta.url);
    const out = execFileSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `
      import { runTests } from ${JSON.stringify(runner.href)};
      const t = await runTests({ folders: ['test/unit/support'], only: 'suite.test.js', command: () => ['true'] });
      console.log(JSON.stringify(t));`,
      ],
      { encoding: 'utf8' },
    );
    assert.match(out, /NO TESTS RAN/);
    assert.match(out, /"passed":0,"failed":1/);
  });
});
