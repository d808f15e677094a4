// `npm run test:sanitized [all | NAME...] [--as IDENTITY]`: tests of the launcher and the addon on a build with the address and undefined
// behaviour sanitizers. That build stands in build/sanitized/tree, a copy of the checkout with other native files.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
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
/** The folders of `all`: what is likely to find something comes first. */
const ALL = [
  '/test/unit/',
  '/test/native/',
  '/test/integration/',
  '/test/contract/',
  '/test/containerfiles/',
  '/test/differential/',
  '/test/flows/',
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
  // Of the tree, and as another user sees it.
  process.env.PATH = [makeNode(), '/mnt/sanitizers', process.env.PATH].join(delimiter);
  process.env.TSBUILD_TEST_TIME_FACTOR = '5';
  process.env.ASAN_OPTIONS = `detect_leaks=0:exitcode=99:log_path=${reports}/asan`;
  process.env.UBSAN_OPTIONS = `print_stacktrace=1:exitcode=99:log_path=${reports}/ubsan`;

  say(`tests on the sanitized build as ${as}`);
  const total = { passed: 0, failed: 0, skipped: 0 };
  const command = (file) => identity.command(file).map((word) => (word === process.execPath ? 'node' : word));
  for (const only of args[0] === 'all' ? ALL : args.length > 0 ? args : EXERCISING) {
    const result = await runTests({ folders: ['test'], only, label: '[sanitized] ', command });
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
  // Copies, so that the next build does not change what runs; links to what is large, and what nothing is written into.
  const copy = (from, to, how = '-a') => execFileSync('cp', [how, join(project, from), join(tree, to)]);
  for (const name of readdirSync(project)) if (!['.git', 'build', 'dist', 'node_modules'].includes(name)) copy(name, name);
  for (const name of readdirSync(join(project, 'dist'))) if (name !== 'native') copy(`dist/${name}`, `dist/${name}`);
  copy('build/js', 'build/js');
  copy('build/sanitized/native', 'dist/native');
  for (const name of ['node_modules', 'build/fixtures']) copy(name, name, '-al');
}

/**
 * Node is not built with the sanitizers: their run time has to be there before it. Only there: other programs that tests and tsbuild start are not ours
 * to judge, and some do not pass (dd, troff). So `node` is a script, and what it starts forgets the libraries again.
 */
function makeNode() {
  const folder = join(tree, 'sanitizers');
  const libraries = ['libasan.so', 'libubsan.so'].map((name) =>
    execFileSync('c++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim(),
  );
  mkdirSync(folder);
  const preload = `${libraries.join(' ')}\${LD_PRELOAD:+ $LD_PRELOAD}`;
  const program = `#!/bin/sh\nexec env LD_PRELOAD="${preload}" "${process.execPath}" --require "\${0%/*}/forget.cjs" "$@"\n`;
  writeFileSync(join(folder, 'node'), program, { mode: 0o755 });
  // In a worker they are forgotten already.
  const forget = `const { LD_PRELOAD = '' } = process.env;
const others = LD_PRELOAD.split(' ').filter((library) => !${JSON.stringify(libraries)}.includes(library));
if (others.join('') === '') delete process.env.LD_PRELOAD;
else process.env.LD_PRELOAD = others.join(' ');
process.execPath = require('node:path').join(__dirname, 'node');
`;
  writeFileSync(join(folder, 'forget.cjs'), forget);
  return folder;
}
