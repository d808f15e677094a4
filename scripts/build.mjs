// Builds everything that is not written by hand: dist/native (make), build/js (one module per source file, for the tests and
// benches) and dist/*.cjs (the bundled program). `--native` or `--js` builds one half.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const project = fileURLToPath(new URL('..', import.meta.url));
const wanted = new Set(process.argv.slice(2));
const all = wanted.size === 0;

if (all || wanted.has('--native')) {
  execFileSync('make', ['-s', '-C', join(project, 'native'), '-j2'], { stdio: ['ignore', 'inherit', 'inherit'] });
}
if (all || wanted.has('--js')) {
  await transpile();
  await bundle();
}

function sources(folder) {
  const directory = join(project, folder);
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('containerfiles'))
    .map((entry) => join(entry.parentPath, entry.name));
}

async function transpile() {
  await esbuild.build({
    entryPoints: [...sources('src'), ...sources('test'), ...sources('bench')],
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
  const entries = { main: 'src/main.ts', 'layer-worker': 'src/layers/worker.ts' };
  const present = Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(join(project, file))));
  await esbuild.build({
    entryPoints: Object.fromEntries(Object.entries(present).map(([name, file]) => [name, join(project, file)])),
    outdir: join(project, 'dist'),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    external: ['zstd-napi', 'undici', '*.node'],
    define: { 'import.meta.dirname': '__dirname' },
    keepNames: true,
    logLevel: 'warning',
  });
}
