// Writes V8's code cache of dist/main.cjs and dist/rest.cjs for this Node: dist/cache/<bundle>-<version>-<arch>/<command>.bin and
// <command>.rest.bin, read by `src/loader.ts`. Reading one takes time for everything in it, so each command that scripts call often has its
// own, of the functions that it runs: it runs in a process, which then writes them. The others share `any.bin`.
// Arguments: `build`, so that the launcher, when it starts this, makes the namespaces that building needs; and the bundle's name, as the
// build put it into the loader. Then, in the processes that this starts: the command to write, and the command lines to run for it.
// With a program in one piece and the name of a list instead (scripts/program-parts.mjs), it lists the modules that quick commands evaluate.
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Script } from 'node:vm';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const [, script, , bundle, command, lines] = process.argv;
const listing = bundle.endsWith('.cjs');
const cache = listing ? dirname(bundle) : join(dist, 'cache', `${bundle}-${process.version}-${process.arch}`);
/** Those that make, read and store no layer: of all others nobody notices a second script. */
const QUICK = ['build', 'images', 'inspect', 'tag', 'rmi', 'containers', 'from', 'config', 'run', 'rm'];

if (lines !== undefined) await writeOne();
else if (listing) await writeList();
else await writeCaches();
// Workers would hold the process.
process.exit(0);

async function writeList() {
  await runAll();
  const modules = QUICK.flatMap((name) => JSON.parse(readFileSync(join(cache, `${name}.modules`), 'utf8')));
  writeFileSync(command, JSON.stringify([...new Set(modules)].sort()));
}

async function writeCaches() {
  rmSync(join(dist, 'cache'), { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  await runAll();
  // Who waits for a step that runs does not notice that what it needs of the first script is compiled; the second is there only for him.
  rmSync(join(cache, 'cold.bin'));
  if (existsSync(join(cache, 'cold.rest.bin'))) renameSync(join(cache, 'cold.rest.bin'), join(cache, 'build.rest.bin'));
  for (const alias of ['bud', 'build-using-dockerfile'])
    for (const end of ['bin', 'rest.bin'].filter((end) => existsSync(join(cache, `build.${end}`))))
      linkSync(join(cache, `build.${end}`), join(cache, `${alias}.${end}`));
}

async function runAll() {
  const directory = mkdtempSync(join(tmpdir(), 'tsbuild-cache-'));
  const store = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run')];
  const writeInTurn = async (families) => {
    for (const [name, commandLines] of Object.entries(families)) {
      const withStore = commandLines.map(([word, ...rest]) => [word, ...store, ...rest]);
      await promisify(execFile)(process.execPath, [...process.execArgv, script, 'build', bundle, name, JSON.stringify(withStore)]);
    }
  };
  try {
    const [first, ...others] = commandLinesIn(directory);
    await writeInTurn(first);
    // What a command evaluates may depend on who else uses the store; the list is to be the same each time.
    if (listing) for (const family of others) await writeInTurn(family);
    else await Promise.all(others.map(writeInTurn));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
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
    // The build cache answers then.
    { cold: [build, buildAbove], build: [build, buildAbove] },
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
  const evaluated = [];
  globalThis.evaluated = (path) => evaluated.push(path);
  const scripts = {};
  const main = load('main', () => (rest ??= load('rest', () => main)));
  let rest;
  // What fails here only stays out of the cache: a machine without user namespaces can still make one.
  for (const line of JSON.parse(lines)) await main.main(line);
  if (listing) writeFileSync(join(cache, `${command}.modules`), JSON.stringify(evaluated));
  else
    for (const [end, compiled] of Object.entries(scripts)) writeFileSync(join(cache, `${command}${end}.bin`), compiled.createCachedData());

  // As src/loader.ts does.
  function load(name, other) {
    const file = join(dist, `${name}.cjs`);
    const compiled = new Script(readFileSync(listing ? bundle : file, 'latin1'), { filename: file });
    scripts[name === 'main' ? '' : `.${name}`] = compiled;
    const module = { exports: {} };
    const require = createRequire(file);
    const either = (path) => (path.startsWith('src/') ? other().moduleAt(path) : require(path));
    compiled.runInThisContext()(module.exports, either, module, file, dist);
    return module.exports;
  }
}
