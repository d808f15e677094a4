import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';

/** A tree as lines: `d MODE PATH`, `f MODE PATH TEXT`, `l PATH TARGET`; `\xNN` in a path is that byte. */
export type TreeLines = readonly string[];

/** Makes a tree from lines; parents come before what they hold. */
export function makeTree(directory: string, lines: TreeLines): void {
  const modes: [Buffer, number][] = [];
  for (const line of lines) {
    const [kind = '', ...words] = line.split(' ');
    if (kind === 'l') {
      symlinkSync(words[1]!, at(directory, words[0]!));
      continue;
    }
    const path = at(directory, words[1]!);
    if (kind === 'd') mkdirSync(path);
    else writeFileSync(path, words.slice(2).join(' '));
    modes.push([path, Number.parseInt(words[0]!, 8)]);
  }
  for (const [path, mode] of modes.reverse()) chmodSync(path, mode);
}

/** The lines of a tree, sorted by path. */
export function linesOf(directory: string): string[] {
  return list(Buffer.from(directory), Buffer.alloc(0))
    .sort(([a], [b]) => Buffer.compare(a, b))
    .map(([, line]) => line);
}

/** Lines that are gone (`- `) and new (`+ `), in the order of their paths. */
export function changes(before: TreeLines, after: TreeLines): string[] {
  const gone = before.filter((line) => !after.includes(line)).map((line) => `- ${line}`);
  const added = after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`);
  return [...gone, ...added].sort((a, b) =>
    pathOf(a) < pathOf(b) ? -1 : pathOf(a) > pathOf(b) ? 1 : b.codePointAt(0)! - a.codePointAt(0)!,
  );
}

/** `- f 644 path text` and `+ l path target`: the path. */
function pathOf(line: string): string {
  const [, kind, first = '', second = ''] = line.split(' ');
  return kind === 'l' ? first : second;
}

function list(root: Buffer, below: Buffer): [Buffer, string][] {
  const directory = below.length === 0 ? root : Buffer.concat([root, SLASH, below]);
  return readdirSync(directory, { encoding: 'buffer' }).flatMap((name): [Buffer, string][] => {
    const path = below.length === 0 ? name : Buffer.concat([below, SLASH, name]);
    const full = Buffer.concat([root, SLASH, path]);
    const stat = lstatSync(full);
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isSymbolicLink()) return [[path, `l ${show(path)} ${readlinkSync(full)}`]];
    if (stat.isDirectory()) return [[path, `d ${mode} ${show(path)}`], ...list(root, path)];
    return [[path, stat.isFile() ? `f ${mode} ${show(path)} ${readFileSync(full, 'latin1')}` : `other ${show(path)}`]];
  });
}

const SLASH = Buffer.from('/');

function at(directory: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(directory), SLASH, namedBytes(path)]);
}

/** The bytes of a path in a line. */
export function namedBytes(text: string): Buffer {
  const latin = text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(latin, 'latin1');
}

function show(path: Buffer): string {
  return path.toString('latin1').replace(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
