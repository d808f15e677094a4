import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { skip } from './suite.js';

/** Opens a directory for `body` and closes it afterwards. */
export async function withDirectoryFd<T>(path: string, body: (fd: number) => Promise<T> | T): Promise<T> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await body(fd);
  } finally {
    closeSync(fd);
  }
}

export function makeDirectory(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}

export function needRoot(): void {
  if (process.getuid?.() !== 0) skip('needs root: owners, devices and capabilities are made');
}

/** Runs a program and gives its standard output; a missing program skips the test, a failing one throws. */
export function run(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') skip(`needs the program "${program}"`);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: status ${status}: ${stderr}`);
  return stdout;
}

export function sha256(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** One record of the content digest, as docs/layer-format.md defines it. */
export interface TreeRecord {
  readonly type: string;
  readonly path: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly target?: string;
  readonly xattrs?: readonly (readonly [string, Uint8Array])[];
  readonly content?: string | Uint8Array;
}

/** The content digest of records in their order, in hexadecimal digits. */
export function contentDigestOf(records: readonly TreeRecord[]): string {
  const digests = records.flatMap((record) => {
    const content = Buffer.from((record.content ?? '') as string);
    const xattrs = record.xattrs ?? [];
    const digest = createHash('sha256')
      .update(record.type)
      .update(text(record.path))
      .update(number(record.mode ?? 0, 4))
      .update(number(record.uid ?? 0, 8))
      .update(number(record.gid ?? 0, 8))
      .update(number(content.length, 8))
      .update(number(record.major ?? 0, 4))
      .update(number(record.minor ?? 0, 4))
      .update(text(record.target ?? ''))
      .update(number(xattrs.length, 4))
      .update(Buffer.concat(xattrs.flatMap(([name, value]) => [text(name), text(value)])))
      .digest();
    return 'fs'.includes(record.type) ? [digest, createHash('sha256').update(content).digest()] : [digest];
  });
  return sha256('tsbuild tree 2\n', ...digests);
}

function number(value: number, bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  if (bytes === 8) out.writeBigUInt64LE(BigInt(value));
  else out.writeUInt32LE(value);
  return out;
}

function text(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([number(bytes.length, 4), bytes]);
}
