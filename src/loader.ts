import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

// Starts the program with as little compilation as possible. V8's code cache of dist/main.cjs spares about half of a start. Node
// >= 22.8 keeps one by itself; for Node 20 it is done here. A cache is only ever a shortcut: whatever is wrong with it, the
// program runs without.

/** What identifies the bundle, put in by the build: V8 itself compares only the length of the source. */
declare const BUNDLE_ID: string;
/** Version of the program, put in by the build. */
declare const PROGRAM_VERSION: string;

interface Program {
  main(argv: readonly string[]): Promise<number>;
  isCommand(word: string): boolean;
}

function start(argv: readonly string[]): void {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
    writeSync(1, `tsbuild version ${PROGRAM_VERSION} (image-spec 1.1.1)\n`);
    return;
  }
  // Workers and idle connections must not hold the process; everything shown is written by now.
  void loadProgram(argv)
    .main(argv)
    .then((status) => process.exit(status));
}

const distDir = import.meta.dirname;

function loadProgram(argv: readonly string[]): Program {
  const file = join(distDir, 'main.cjs');
  return enableOwnCache() ? (require(file) as Program) : runScript(file, argv);
}

/** Node's own cache; false when this Node has none. */
function enableOwnCache(): boolean {
  // Since 22.8, so the types of Node 20 do not know it. @see https://nodejs.org/api/module.html#moduleenablecompilecachecachedir
  const { enableCompileCache } = nodeModule as { enableCompileCache?: (directory: string) => { status: number } };
  if (enableCompileCache === undefined) return false;
  const FAILED = 0; // module.constants.compileCacheStatus.FAILED
  cacheDirs().find(({ directory }) => enableCompileCache(directory).status !== FAILED);
  return true;
}

interface CacheDir {
  readonly directory: string;
  /** Anybody may have made it: only files of this very user are taken, for they hold code. */
  readonly checkOwner: boolean;
}

/** The loader runs before there are settings, so it looks at the two variables itself. */
function cacheDirs(): CacheDir[] {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const home = XDG_CACHE_HOME || (HOME ? join(HOME, '.cache') : undefined);
  const own = home === undefined ? [] : [{ directory: join(home, 'tsbuild/v8'), checkOwner: true }];
  return [{ directory: join(distDir, 'cache'), checkOwner: false }, ...own];
}

/** Does what `require` would do, with the compiled code from the cache. */
function runScript(file: string, argv: readonly string[]): Program {
  // The bundle is pure ASCII (esbuild escapes the rest), and one byte a character is the cheapest string to make.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`;
  const folder = `${BUNDLE_ID}-${process.version}-${process.arch}`;
  // Global flags may stand before the command, with values that look like one.
  const words = argv.filter((word) => /^[a-z]+$/.test(word)).slice(0, 3);
  let script: Script | undefined;
  for (const { directory, checkOwner } of cacheDirs())
    for (const name of [...words, 'any']) script ??= compileCached(join(directory, folder, `${name}.bin`), checkOwner, file, source);
  const compiled = script ?? new Script(source, { filename: file });
  const module = { exports: {} as Program };
  compiled.runInThisContext()(module.exports, require, module, file, distDir);
  if (script === undefined) {
    // Only functions that have run are in compiled form, so the cache is written at the end.
    process.once('exit', () => {
      const command = words.find((word) => module.exports.isCommand(word));
      if (command !== undefined) writeCache(join(folder, `${command}.bin`), compiled);
    });
  }
  return module.exports;
}

/** Undefined without a cache that fits this Node. */
function compileCached(path: string, checkOwner: boolean, filename: string, source: string): Script | undefined {
  try {
    const cachedData = readTrusted(path, checkOwner);
    const script = cachedData && new Script(source, { filename, cachedData });
    return script?.cachedDataRejected === false ? script : undefined;
  } catch {
    // No such file, as a rule.
    return undefined;
  }
}

function readTrusted(path: string, checkOwner: boolean): Buffer | undefined {
  const file = openSync(path, 'r');
  try {
    return checkOwner && fstatSync(file).uid !== process.geteuid?.() ? undefined : readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** In the first directory that can be written; at once readable as a whole or not at all. */
function writeCache(name: string, script: Script): void {
  for (const { directory } of cacheDirs()) {
    const path = join(directory, name);
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.${process.pid}`, script.createCachedData());
      renameSync(`${path}.${process.pid}`, path);
      return;
    } catch {
      // Read-only or full: the next place may do, and without any the program only starts more slowly.
    }
  }
}

start(process.argv.slice(2));
