import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

// Starts the program with as little compilation as possible: V8's code cache of the program spares about half of a start. The build makes
// one for each command (scripts/code-cache.mjs); the one that Node >= 22.8 would keep by itself has what ran when it was written, of
// whatever command that was. A cache is only ever a shortcut: whatever is wrong with it, the program runs without.

/** What identifies the bundle, put in by the build: V8 itself compares only the length of the source. */
declare const BUNDLE_ID: string;
/** Version of the program, put in by the build. */
declare const PROGRAM_VERSION: string;

/** Where its caches are, for a V8 without options. */
const BUNDLE_FOLDER = `${BUNDLE_ID}-${process.version}-${process.arch}`;

/** What either script of the program gives the other: its modules, by their paths. */
interface Part {
  moduleAt(path: string): unknown;
}

interface Program extends Part {
  main(argv: readonly string[]): Promise<number>;
  isCommand(word: string): boolean;
}

function start(argv: readonly string[]): void {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
    writeSync(1, `tsbuild version ${PROGRAM_VERSION} (image-spec 1.1.1)\n`);
    return;
  }
  const native = loadNative();
  void loadProgram(argv, native)
    .main(argv)
    .then((status) => end(status, native));
}

/** Workers and idle connections must not hold the process; everything shown is written by now. */
function end(status: number, native: Partial<Native>): void {
  const { NODE_OPTIONS, NODE_V8_COVERAGE } = process.env;
  // Node would join its threads and take down V8 and OpenSSL, for half a millisecond. Who asked it for a profile or the like gets that.
  if (!NODE_OPTIONS && !NODE_V8_COVERAGE && process.execArgv.length === 0) process.once('exit', () => native.end?.(status));
  process.exit(status);
}

const distDir = import.meta.dirname;

/** What `native/start` exports. */
interface Native {
  /** A file as it stands in memory; undefined where it cannot be had so. */
  text(path: string): string | undefined;
  bytes(path: string): Uint8Array | undefined;
  /** As _exit(2). */
  end(status: number): void;
}

/** Nothing where the native part is missing: files are read then. */
function loadNative(): Partial<Native> {
  const module: { exports: Partial<Native> } = { exports: {} };
  try {
    process.dlopen(module, join(distDir, 'native/tsbuild-start.node'));
  } catch {
    // Not built, or for another processor: the program will say so when it needs more of it.
  }
  return module.exports;
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

/** Does what `require` would do, with the compiled code from the cache. The program's second script is loaded when it is first asked for a module. */
function loadProgram(argv: readonly string[], native: Partial<Native>): Program {
  // Global flags may stand before the command, with values that look like one. They become names of files.
  const words = argv.filter((word) => word >= 'a' && word < '{' && !word.includes('/')).slice(0, 3);
  let rest: Part | undefined;
  const main: Program = load<Program>('main', '', () => {
    rest ??= load('rest', '.rest', () => main);
    return rest;
  });
  return main;

  function load<T extends Part>(name: string, cacheSuffix: string, other: () => Part): T {
    const file = join(distDir, `${name}.cjs`);
    // The bundle is pure ASCII (esbuild escapes the rest), and one byte a character is the cheapest string to make.
    const source = native.text?.(file) ?? readFileSync(file, 'latin1');
    const folder = `${BUNDLE_FOLDER}${optionsKey()}`;
    const cachedData = readCache(native, folder, [...words, 'any'], `${cacheSuffix}.bin`);
    const compiled = new Script(source, cachedData === undefined ? { filename: file } : { filename: file, cachedData });
    const module = { exports: {} as T };
    const either = (path: string): unknown => (path.startsWith('src/') ? other().moduleAt(path) : require(path));
    compiled.runInThisContext()(module.exports, either, module, file, distDir);
    if (compiled.cachedDataRejected !== false) {
      // Only functions that have run are in compiled form, so the cache is written at the end.
      process.once('exit', () => {
        const command = words.find((word) => main.isCommand(word));
        if (command !== undefined) writeCache(join(folder, `${command}${cacheSuffix}.bin`), compiled);
      });
    }
    return module.exports;
  }
}

/** V8 takes a cache only with the options it was made with; most users have none. */
function optionsKey(): string {
  const options = [process.env.NODE_OPTIONS ?? '', ...process.execArgv].join(' ').trim();
  let key = 0;
  for (let index = 0; index < options.length; index++) key = (key * 31 + options.charCodeAt(index)) >>> 0;
  return options === '' ? '' : `-${key.toString(16)}`;
}

/** The first there is. Not the first that V8 accepts: having compiled the source for one it refused, it would say yes to any. */
function readCache(native: Partial<Native>, folder: string, words: readonly string[], end: string): NodeJS.ArrayBufferView | undefined {
  for (const { directory, checkOwner } of cacheDirs())
    for (const word of words) {
      try {
        const path = join(directory, folder, `${word}${end}`);
        const data = checkOwner ? readOwn(path) : (native.bytes?.(path) ?? readFileSync(path));
        if (data !== undefined) return data;
      } catch {
        // No such file, as a rule.
      }
    }
  return undefined;
}

function readOwn(path: string): Buffer | undefined {
  const file = openSync(path, 'r');
  try {
    return fstatSync(file).uid === process.geteuid?.() ? readFileSync(file) : undefined;
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
      removeOldest(directory);
      return;
    } catch {
      // Read-only or full: the next place may do, and without any the program only starts more slowly.
    }
  }
}

const KEPT_FOLDERS = 4;

/** What other versions of the program or of Node left there; a process that reads one of them has it open, or does without. */
function removeOldest(directory: string): void {
  const folders = readdirSync(directory).map((name) => ({ name, changedAt: statSync(join(directory, name)).mtimeMs }));
  folders.sort((a, b) => b.changedAt - a.changedAt);
  // The one that came with the program stays: it has a cache for every command, also for those who have not come by lately.
  const others = folders.slice(KEPT_FOLDERS).filter(({ name }) => name !== BUNDLE_FOLDER);
  for (const { name } of others) rmSync(join(directory, name), { recursive: true, force: true });
}

start(process.argv.slice(2));
