// Builds everything that is not written by hand: dist/native (make), build/js (one module per source file, for the tests and
// benches) and dist/*.cjs (the bundled program). `--native` or `--js` builds one half.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import glob from 'fast-glob';
import { lateImports } from './late-imports.mjs';
import { hashOf, makeParts } from './program-parts.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));
const syntax = {
  platform: 'node',
  target: 'node20',
  define: { 'import.meta.dirname': '__dirname' },
  // A script with a hand-made code cache has no import(): what the source imports late, the bundle evaluates late.
  supported: { 'dynamic-import': false },
};
/** @param part which modules, as `lateImports` takes it */
const bundleOptions = (part) => ({
  ...syntax,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  external: ['zstd-napi', 'undici', 'typescript', '*.node'],
  minifyWhitespace: true,
  // Without it each module is the one property of an object literal, and making hundreds of their shapes takes two milliseconds.
  minifyIdentifiers: true,
  logLevel: 'warning',
  plugins: [
    lateImports(project, syntax, part),
    { name: 'without-unused-oclif', setup: leaveOutUnusedOclif },
    { name: 'without-unused-language-server', setup: leaveOutUnusedLanguageServer },
  ],
});

/**
 * oclif's Command loads its plugin system, parser, help and progress display on the way, which costs more than all of our own code at a
 * start. Flags are read, help is shown and commands are found by src/commands, so none of those ever runs.
 */
function leaveOutUnusedOclif(build) {
  build.onResolve({ filter: /^\.\// }, ({ path, importer }) =>
    importer.endsWith('/@oclif/core/lib/command.js') ? { path, namespace: 'unused' } : undefined,
  );
  // Each command that is made asks for a logger, and takes an error for a no.
  build.onLoad({ filter: /^\.\/logger$/, namespace: 'unused' }, () => ({ contents: 'exports.makeDebug = () => () => {};' }));
  build.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: '' }));
  // It asks for its version on loading, and gets an object of all there is about the package.
  build.onLoad({ filter: /@oclif\/core\/package\.json$/ }, ({ path }) => {
    const { version } = JSON.parse(readFileSync(path, 'utf8'));
    return { contents: JSON.stringify({ version }), loader: 'json' };
  });
  // On loading it listens to process.stdout, and only naming that loads Node's streams and sockets: four milliseconds of each start.
  build.onLoad({ filter: /@oclif\/core\/lib\/command\.js$/ }, ({ path }) => {
    const source = readFileSync(path, 'utf8');
    const deaf = source.replace(/^process\.stdout\.on\('error'[\s\S]*?^\}\);$/m, '');
    if (deaf === source) throw new Error(`${path} no longer listens to process.stdout; take this replacement out`);
    const { name, version } = JSON.parse(readFileSync(join(dirname(path), '../package.json'), 'utf8'));
    const contents = deaf.replace("cache_1.default.getInstance().get('@oclif/core')", JSON.stringify({ name, version }));
    if (contents === deaf) throw new Error(`${path} no longer asks for its own version; take this replacement out`);
    return { contents };
  });
}

/** The parser makes positions and ranges; of the eighty other things beside them none is used, and each start would make all of them. */
function leaveOutUnusedLanguageServer(build) {
  build.onLoad({ filter: /vscode-languageserver-types\/lib\/esm\/main\.js$/ }, ({ path }) => {
    const source = readFileSync(path, 'utf8');
    const [begin, end] = [source.indexOf('/**\n * The Location namespace'), source.indexOf('\nvar Is;\n')];
    if (begin < 0 || end < begin || !source.slice(0, begin).includes('export var Range;'))
      throw new Error(`${path} has another order; take this cut out`);
    return { contents: source.slice(0, begin) + source.slice(end) };
  });
}

const wanted = new Set(process.argv.slice(2));
const all = wanted.size === 0;

if (all || wanted.has('--native')) {
  execFileSync('make', ['-s', '-C', join(project, 'native'), '-j2'], { stdio: ['ignore', 'inherit', 'inherit'] });
}
if (all || wanted.has('--js')) {
  await transpile();
  await bundle();
}

async function transpile() {
  // A test whose source is gone must not go on running.
  rmSync(join(project, 'build/js'), { recursive: true, force: true });
  await esbuild.build({
    entryPoints: await glob(['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'fuzz/**/*.ts'], {
      cwd: project,
      absolute: true,
      ignore: ['test/containerfiles/**'],
    }),
    outbase: project,
    outdir: join(project, 'build/js'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
}

async function bundle() {
  mkdirSync(join(project, 'dist'), { recursive: true });
  // The package is ESM; its bundles are CommonJS, because V8 caches compiled code only for scripts.
  writeFileSync(join(project, 'dist/package.json'), '{"type":"commonjs"}\n');
  const outdir = join(project, 'dist');
  await esbuild.build({ ...bundleOptions(), entryPoints: entryPoints({ 'layer-worker': 'src/layers/worker.ts' }), outdir });
  const cacheScript = join(project, 'scripts/code-cache.mjs');
  const parts = await makeParts({ project, bundleOptions, run: (...args) => inNamespaces([cacheScript, 'build', ...args]) });
  for (const [name, text] of Object.entries(parts)) replaceFile(join(outdir, name), text);
  const bundleId = hashOf(...Object.values(parts), readFileSync(cacheScript));
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  const { define, ...options } = bundleOptions();
  await esbuild.build({
    ...options,
    entryPoints: entryPoints({ tsbuild: 'src/loader.ts' }),
    outdir,
    define: { ...define, BUNDLE_ID: JSON.stringify(bundleId), PROGRAM_VERSION: JSON.stringify(version) },
  });
  const whole = join(outdir, `cache/${bundleId}-${process.version}-${process.arch}/whole`);
  if (existsSync(whole)) return;
  if (inNamespaces([cacheScript, 'build', bundleId])) writeFileSync(whole, '');
}

/**
 * Runs a script in a process of its own: what the program does on loading does not touch the build, and what it prints is not shown.
 *
 * @returns whether it had namespaces: where none can be made, what needs none is still done
 */
function inNamespaces(args) {
  const launcher = join(project, 'dist/native/tsbuild-launch');
  const command = [process.execPath, ...args];
  if (existsSync(launcher) && spawnSync(launcher, ['enter', ...command], { stdio: 'ignore' }).status === 0) return true;
  execFileSync(command[0], command.slice(1), { stdio: 'ignore' });
  return false;
}

/** A program that runs has the old one mapped: written over, it would go on with parts of the new one. */
function replaceFile(path, contents) {
  writeFileSync(`${path}.new`, contents);
  renameSync(`${path}.new`, path);
}

function entryPoints(entries) {
  return Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(project, file)]));
}
