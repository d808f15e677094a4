// Runs compiled test files, each in a process of its own under a time limit, and ends with `N passed, N failed, N skipped`.
// Usage: run-tests.mjs [--jobs N] [--label TEXT] [--only SUBSTRING] FOLDER...
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A slow build of the programs under test needs more (test-sanitized.mjs). */
const FILE_TIMEOUT_MS = 600_000 * Number(process.env.TSBUILD_TEST_TIME_FACTOR ?? 1);
const SUMMARY = /^# passed (\d+) failed (\d+) skipped (\d+) of (\d+)$/m;
const compiled = fileURLToPath(new URL('../build/js', import.meta.url));

/**
 * @param {{folders: string[], jobs?: number, only?: string, label?: string, command?: (file: string) => string[]}} options
 * @returns {Promise<{passed: number, failed: number, skipped: number}>}
 */
export async function runTests({ folders, jobs = 2, only = '', label = '', command = (file) => [process.execPath, file] }) {
  const files = folders
    .flatMap((folder) => readdirSync(join(compiled, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => file.includes(only))
    .sort();
  const total = { passed: 0, failed: 0, skipped: 0 };
  const waiting = [...files];
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runFile(file, command(file));
      const name = file.slice(compiled.length + 1);
      const state = result.problem ?? (result.failed > 0 ? 'FAILED' : 'ok');
      console.log(`${label}${name}: ${state} (${result.passed} passed, ${result.skipped} skipped, ${(result.ms / 1000).toFixed(1)} s)`);
      if (result.problem !== undefined || result.failed > 0) console.log(result.output);
      else for (const line of result.output.split('\n')) if (line.startsWith('# skipped ')) console.log(`  ${line.slice(2)}`);
      total.passed += result.passed;
      total.failed += result.failed + (result.problem !== undefined && result.failed === 0 ? 1 : 0);
      total.skipped += result.skipped;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return total;
}

/** One file: green only when it exited 0 and its own closing line accounts for every test it defined. */
function runFile(file, [program, ...args]) {
  return new Promise((resolve) => {
    const started = Date.now();
    // What commands reach is not what most tests are about; those that are say which network, or unset this.
    const env = { TSBUILD_NETWORK: 'host', ...process.env };
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      process.kill(-child.pid, 'SIGKILL');
    }, FILE_TIMEOUT_MS);
    child.on('error', (error) => (output += String(error)));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const match = SUMMARY.exec(output);
      const [passed, failed, skipped, defined] = match ? match.slice(1).map(Number) : [0, 0, 0, 0];
      let problem;
      if (timedOut) problem = `TIMED OUT after ${FILE_TIMEOUT_MS / 1000} s`;
      else if (!match || defined === 0) problem = 'NO TESTS RAN';
      else if (failed === 0 && (code !== 0 || signal)) problem = `EXITED ${signal ?? code} without a failing test`;
      else if (passed + failed + skipped !== defined) problem = `ONLY ${passed + failed + skipped} OF ${defined} TESTS RAN`;
      resolve({ passed, failed, skipped, output, problem, ms: Date.now() - started, file });
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const option = (name) => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args.splice(at, 2)[1];
  };
  const jobs = Number(option('--jobs') ?? 2);
  const label = option('--label') ?? '';
  const only = option('--only') ?? '';
  const total = await runTests({ folders: args.length > 0 ? args : ['test'], jobs, label, only });
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}
