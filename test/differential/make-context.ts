import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, linkSync, lutimesSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { setXattr } from '../../src/sys/index.js';
import { type TarItem, tarOf } from '../support/tar-of.js';

/** Files of a context have this mtime and a second more for each line; folders without a line have the time of line 999. */
export const FIRST_MTIME_SECONDS = 1_000_000_000;
const IMPLIED = 999;

/**
 * Makes a build context from lines, parents of what they name included:
 * `d MODE PATH`, `f MODE PATH TEXT`, `l PATH TARGET` (symbolic link), `h PATH EXISTING` (hard link), `p MODE PATH` (fifo), `s PATH` (socket),
 * `x PATH NAME VALUE` (attribute), `t PATH COMPRESSION ENTRY,...` (tar archive), `z PATH COMPRESSION TEXT`. In a path `\s` is a blank; in a text `\n` is a line's end.
 *
 * An ENTRY of an archive is `NAME[=TEXT][>TARGET][@UID:GID][%MODE]`; its mtime is 7.
 */
export async function makeContext(directory: string, lines: readonly string[]): Promise<void> {
  const finish: (() => void)[] = [];
  const implied = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const [kind = '', ...words] = line.split(' ');
    const isLast = (count: number) => words.slice(count).join(' ').replaceAll('\\n', '\n');
    const word = (at: number) => (words[at] ?? '').replaceAll('\\s', ' ');
    const mode = Number.parseInt(word(0), 8);
    const hasMode = 'dfp'.includes(kind);
    const path = join(directory, word(hasMode ? 1 : 0));
    for (let parent = dirname(path); parent.length > directory.length; parent = dirname(parent)) implied.add(parent);
    mkdirSync(dirname(path), { recursive: true });
    switch (kind) {
      case 'd':
        mkdirSync(path, { recursive: true });
        break;
      case 'f':
        writeFileSync(path, isLast(2));
        break;
      case 'l':
        symlinkSync(word(1), path);
        break;
      case 'h':
        linkSync(join(directory, word(1)), path);
        break;
      case 'p':
        execFileSync('mkfifo', [path]);
        break;
      case 's':
        await leaveSocket(path);
        break;
      case 'x':
        writeAttribute(path, word(1), word(2));
        continue;
      case 't':
        writeCompressed(path, word(1), tarOf(isLast(2).split(',').map(entryOf)));
        break;
      case 'z':
        writeCompressed(path, word(1), Buffer.from(isLast(2)));
        break;
      default:
        throw new TypeError(`unknown line ${JSON.stringify(line)}`);
    }
    const seconds = FIRST_MTIME_SECONDS + index;
    finish.unshift(() => {
      if (hasMode) chmodSync(path, mode);
      lutimesSync(path, seconds, seconds);
    });
  }
  for (const parent of implied) {
    chmodSync(parent, 0o755);
    lutimesSync(parent, FIRST_MTIME_SECONDS + IMPLIED, FIRST_MTIME_SECONDS + IMPLIED);
  }
  for (const step of finish) step();
}

/** A socket that nobody listens on any more. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer();
  // Paths of sockets are short: 108 bytes with the closing zero, unix(7).
  const cwd = process.cwd();
  process.chdir(dirname(path));
  try {
    await new Promise<void>((ready) => server.listen(`./${path.slice(dirname(path).length + 1)}.live`, ready));
    linkSync(`${path}.live`, path);
  } finally {
    process.chdir(cwd);
  }
  await new Promise((closed) => server.close(closed));
}

function writeAttribute(path: string, name: string, value: string): void {
  const fd = openSync(path, 'r');
  try {
    setXattr(fd, name, Buffer.from(value));
  } finally {
    closeSync(fd);
  }
}

const COMPRESSORS: Readonly<Record<string, readonly string[]>> = { bzip2: ['bzip2', '-c'], xz: ['xz', '-c'], zstd: ['zstd', '-qc'] };

function writeCompressed(path: string, compression: string, bytes: Buffer): void {
  const program = COMPRESSORS[compression];
  if (compression === 'none') writeFileSync(path, bytes);
  else if (compression === 'gzip') writeFileSync(path, gzipSync(bytes));
  else writeFileSync(path, execFileSync(program![0]!, program!.slice(1), { input: bytes }));
}

function entryOf(text: string): TarItem {
  const [, name = '', data, link, hard, uid = '0', gid = '0', mode] =
    /^([^=>&@%]+)(?:=([^>&@%]*))?(?:>([^&@%]+))?(?:&([^@%]+))?(?:@(\d+):(\d+))?(?:%(\d+))?$/.exec(text) ?? [];
  const type = link !== undefined ? '2' : hard !== undefined ? '1' : undefined;
  return {
    name,
    uid: Number(uid),
    gid: Number(gid),
    mtime: 7,
    ...(data === undefined ? {} : { data }),
    ...(type === undefined ? {} : { type, link: link ?? hard ?? '' }),
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
  };
}
