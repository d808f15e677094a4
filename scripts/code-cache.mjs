// Writes V8's code cache of dist/main.cjs for this Node: dist/cache/<bundle>-<version>-<arch>.bin. Functions get into it in compiled
// form when they have run, so representative commands run first, all in this one process. `src/loader.ts` reads the file.
// Arguments: `build`, so that the launcher, when it starts this, makes the namespaces that building needs; and the bundle's name, as the
// build put it into the loader.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const file = join(dist, 'main.cjs');
const bundleId = process.argv[3];

await writeCodeCache();
// Workers would hold the process.
process.exit(0);

async function writeCodeCache() {
  // The same wrapper as the loader's, to the letter: V8 refuses a cache of another source.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`;
  const script = new Script(source, { filename: file });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dist);
  const directory = mkdtempSync(join(tmpdir(), 'tsbuild-cache-'));
  try {
    await runSilently(module.exports.main, directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  mkdirSync(join(dist, 'cache'), { recursive: true });
  writeFileSync(join(dist, 'cache', `${bundleId}-${process.version}-${process.arch}.bin`), script.createCachedData());
}

/** What fails here only stays out of the cache: a machine without user namespaces can still make one. */
async function runSilently(main, directory) {
  const busybox = '/bin/busybox';
  const run = existsSync(busybox) ? ['COPY busybox /bin/', 'RUN ["/bin/busybox", "true"]'] : [];
  if (run.length > 0) copyFileSync(busybox, join(directory, 'busybox'));
  writeFileSync(join(directory, 'file'), '');
  const lines = ['FROM scratch AS one', 'ENV A=b', 'COPY file /', ...run, 'LABEL c=d', 'FROM one', 'ENV E=$A', 'WORKDIR /', 'CMD ["x"]'];
  writeFileSync(join(directory, 'Containerfile'), `${lines.join('\n')}\n`);
  const store = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run')];
  const commands = [
    ['images'],
    ['build', '-t', 'x', directory],
    ['build', '-t', 'x', directory],
    ['images'],
    ['inspect', 'x'],
    ['tag', 'x', 'y'],
    ['rmi', 'y'],
    ['info'],
    ['version'],
  ];
  for (const [command, ...rest] of commands) await main([command, ...store, ...rest]);
}
