import { readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Tree } from '../sys/index.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/** What a copied tree was when it was made: by this a later change shows, whatever times it leaves behind. */
export interface TreeNotes {
  /** No file was changed later than this when the notes were taken, and everything that is changed afterwards is: nanoseconds since 1970. */
  readonly unchangedUntilNs: bigint;
  /** Inodes of its directories by path (latin1). */
  readonly directories: ReadonlyMap<string, number>;
}

/**
 * Takes down what `tree` is now, in `file` on the same file system.
 *
 * The change time of a file is the kernel's own and moves with every write, rename, link or change of attributes, but only as its clock
 * ticks. So this returns when the clock has moved on.
 */
export function writeNotes(file: string, tree: Tree): void {
  const lines: string[] = [];
  for (const { path, mode, ino } of tree) if ((mode & S_IFMT) === S_IFDIR) lines.push(`${ino} ${path.toString('latin1')}`);
  writeFileSync(file, '');
  const until = changeTimeOf(file);
  while (changeTimeOf(file) <= until) writeFileSync(file, '.');
  writeFileSync(file, [String(until), ...lines].join('\0'), 'latin1');
}

/** The notes in `file`, which `writeNotes` made. */
export function readNotes(file: string): TreeNotes {
  const [until = '0', ...lines] = readFileSync(file, 'latin1').split('\0');
  const directories = new Map(
    lines.map((line) => {
      const space = line.indexOf(' ');
      return [line.slice(space + 1), Number(line.slice(0, space))] as const;
    }),
  );
  return { unchangedUntilNs: BigInt(until), directories };
}

function changeTimeOf(file: string): bigint {
  return statSync(file, { bigint: true }).ctimeNs;
}
