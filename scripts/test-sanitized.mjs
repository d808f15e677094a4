// `npm run test:sanitized [NAME] [--as IDENTITY]`: tests of the launcher and the addon on a build with the address and undefined
// behaviour sanitizers. That build stands in build/sanitized/tree, a copy of the checkout with other native files.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { project, runMain, SetupError, say } from './requirements.mjs';

const tree = join(project, 'build/sanitized/tree');
/** What is run when no name is given: the files that lead through the launcher and the addon. */
const EXERCISING = [
  'integration/sandbox',
  'integration/security',
  'unit/sys/',
  'unit/layers/',
  'unit/snapshots/',
  'integration/real-hello',
];

await runMain(async () => {
  const args = process.argv.slice(2);
  const at = args.indexOf('--as');
  const as = at < 0 ? 'root' : args.splice(at, 2)[1];
  execFileSync(process.execPath, [join(project, 'scripts/build.mjs')], { stdio: 'inherit' });
  execFileSync('make', ['-s', '-j2', '-C', join(project, 'native'), 'sanitize'], { stdio: 'inherit' });
  makeTree();

  // Of the copy: they take the folder they lie in for the project.
  const { runTests } = await import(pathToFileURL(join(tree, 'scripts/run-tests.mjs')).href);
  const { identities } = await import(pathToFileURL(join(tree, 'scripts/test-users.mjs')).href);
  const identity = identities().find(({ name }) => name === as);
  if (identity === undefined || identity.reason !== undefined)
    throw new SetupError(`Cannot run as ${as}: ${identity?.reason ?? 'no such identity'}`);

  const reports = mkdtempSync(join(tmpdir(), 'tsbuild-sanitizers-'));
  execFileSync('chmod', ['1777', reports]);
  const library = (name) => execFileSync('c++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
  // Node itself is not built with the sanitizers: their run time has to be there before it.
  process.env.LD_PRELOAD = `${library('libasan.so')} ${library('libubsan.so')}`;
  process.env.ASAN_OPTIONS = `detect_leaks=0:exitcode=99:log_path=${reports}/asan`;
  process.env.UBSAN_OPTIONS = `print_stacktrace=1:exitcode=99:log_path=${reports}/ubsan`;

  say(`tests on the sanitized build as ${as}`);
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const only of args.length > 0 ? args : EXERCISING) {
    const result = await runTests({ folders: ['test'], only, label: '[sanitized] ', command: identity.command });
    for (const key of Object.keys(total)) total[key] += result[key];
  }
  // A child on a stack of its own (spawn.cc) makes ASan say that it forgets that stack: a warning, no report.
  const found = readdirSync(reports)
    .map((name) => readFileSync(join(reports, name), 'utf8'))
    .filter((text) => /ERROR:|runtime error:/.test(text));
  for (const text of found) console.log(text);
  rmSync(reports, { recursive: true });
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped, ${found.length} reports`);
  if (total.failed > 0 || total.passed === 0 || found.length > 0) process.exitCode = 1;
});

function makeTree() {
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(join(tree, 'dist'), { recursive: true });
  mkdirSync(join(tree, 'build'));
  // Links, not copies: node_modules and the fixtures are large, and nothing is written into them.
  const copy = (from, to) => execFileSync('cp', ['-al', join(project, from), join(tree, to)]);
  for (const name of ['package.json', 'bin', 'scripts', 'native', 'test', 'docs', 'fuzz', 'src', 'node_modules']) copy(name, name);
  for (const name of readdirSync(join(project, 'dist'))) if (name !== 'native') copy(`dist/${name}`, `dist/${name}`);
  for (const name of ['js', 'fixtures']) copy(`build/${name}`, `build/${name}`);
  copy('build/sanitized/native', 'dist/native');
}
