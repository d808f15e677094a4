// Writes V8's code cache of dist/main.cjs for this Node: dist/cache/<bundle>-<version>-<arch>/<command>.bin, read by `src/loader.ts`.
// Reading one takes time for everything in it, so each command that scripts call often has its own, of the functions that it runs: it runs
// in a process, which then writes them. The others share `any.bin`.
// Arguments: `build`, so that the launcher, when it starts this, makes the namespaces that building needs; and the bundle's name, as the
// build put it into the loader. Then, in the processes that this starts: the command to write, and the command lines to run for it.
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Script } from 'node:vm';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const file = join(dist, 'main.cjs');
const [, script, , bundleId, command, lines] = process.argv;
const cache = join(dist, 'cache', `${bundleId}-${process.version}-${process.arch}`);

if (command === undefined) await writeAll();
else await writeOne();
// Workers would hold the process.
process.exit(0);

async function writeAll() {
  rmSync(join(dist, 'cache'), { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(tmpdir(), 'tsbuild-cache-'));
  const store = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run')];
  const writeInTurn = async (families) => {
    for (const [name, commandLines] of Object.entries(families)) {
      const withStore = commandLines.map(([word, ...rest]) => [word, ...store, ...rest]);
      await promisify(execFile)(process.execPath, [...process.execArgv, script, 'build', bundleId, name, JSON.stringify(withStore)]);
    }
  };
  try {
    const [first, ...others] = commandLinesIn(directory);
    await writeInTurn(first);
    await Promise.all(others.map(writeInTurn));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  for (const alias of ['bud', 'build-using-dockerfile']) linkSync(join(cache, 'build.bin'), join(cache, `${alias}.bin`));
}

/** The first of these first, the others beside each other, each in its order: a command finds what those before it made. */
function commandLinesIn(directory) {
  const busybox = '/bin/busybox';
  const run = existsSync(busybox) ? ['COPY busybox /bin/', 'RUN ["/bin/busybox", "true"]'] : [];
  if (run.length > 0) copyFileSync(busybox, join(directory, 'busybox'));
  const source = join(directory, 'file');
  writeFileSync(source, '');
  const instructions = [
    'FROM scratch AS one',
    'ENV A=b',
    'COPY file /',
    ...run,
    'LABEL c=d',
    'FROM one',
    'ENV E=$A',
    'WORKDIR /',
    'CMD ["x"]',
  ];
  writeFileSync(join(directory, 'Containerfile'), `${instructions.join('\n')}\n`);
  const build = ['build', '--layers', '-t', 'x', directory];
  // On an image of the store, which is read then.
  const above = join(directory, 'Containerfile.above');
  writeFileSync(above, ['FROM x', 'ENV A=b', 'LABEL c=d', 'COPY file /again', ...run.slice(1)].join('\n'));
  const buildAbove = ['build', '--layers', '-t', 'above', '-f', above, directory];
  return [
    // What has no name is only run. The build cache answers then: who waits for a step that runs does not notice that its code is compiled.
    { '': [build, buildAbove], build: [build, buildAbove] },
    {
      from: [['from', '--name', 'c', 'x']],
      run: [['run', 'c', '/bin/busybox', 'true']],
      config: [['config', '--env', 'A=b', 'c']],
      copy: [['copy', 'c', source, '/copied']],
      add: [['add', 'c', source, '/added']],
      containers: [['containers']],
      commit: [['commit', 'c', 'z']],
      rm: [['rm', 'c']],
    },
    {
      images: [['images']],
      inspect: [['inspect', 'x']],
      push: [['push', 'x', `oci:${join(directory, 'pushed')}`]],
      tag: [['tag', 'x', 'y']],
      rmi: [['rmi', 'y']],
      any: [['version'], ['info'], ['history', 'x'], ['untag', 'above']],
    },
  ];
}

async function writeOne() {
  const compiled = new Script(readFileSync(file, 'latin1'), { filename: file });
  const module = { exports: {} };
  compiled.runInThisContext()(module.exports, createRequire(file), module, file, dist);
  // What fails here only stays out of the cache: a machine without user namespaces can still make one.
  for (const line of JSON.parse(lines)) await module.exports.main(line);
  if (command !== '') writeFileSync(join(cache, `${command}.bin`), compiled.createCachedData());
}
