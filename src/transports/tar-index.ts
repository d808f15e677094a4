import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { posix } from 'node:path';
import { SizeMismatchError } from '../image/index.js';
import { InvalidArchiveError } from './errors.js';

/**
 * Random access to the members of an uncompressed tar, which stays as it is: nothing is extracted, so no name in it can lead anywhere.
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13
 */
export interface TarIndex {
  readonly path: string;
  /** Size in bytes of a regular file, one symbolic link followed; undefined if there is none of that name. */
  size(name: string): number | undefined;
  /** @throws {InvalidArchiveError} no such member @throws {SizeMismatchError} larger than `maxBytes` */
  read(name: string, maxBytes: number): Promise<Uint8Array>;
  /** @throws {InvalidArchiveError} no such member */
  open(name: string): AsyncIterable<Uint8Array>;
}

type Member =
  | { readonly kind: 'file'; readonly offset: number; readonly size: number }
  | { readonly kind: 'link'; readonly target: string };

const BLOCK = 512;
/** Extended headers hold names; one larger than this is an attack. */
const MAX_EXTENDED_BYTES = 1024 * 1024;
const MAX_MEMBERS = 1_000_000;

/** @throws {InvalidArchiveError} not a tar, or cut short */
export async function openTarIndex(path: string): Promise<TarIndex> {
  const handle = await open(path, 'r');
  let members: ReadonlyMap<string, Member>;
  try {
    members = await readMembers(handle, path);
  } finally {
    await handle.close();
  }
  const find = (name: string): (Member & { kind: 'file' }) | undefined => {
    const member = members.get(cleanName(name));
    if (member?.kind !== 'link') return member;
    const target = members.get(posix.resolve(posix.dirname(cleanName(name)), member.target));
    return target?.kind === 'file' ? target : undefined;
  };
  const get = (name: string): Member & { kind: 'file' } => {
    const member = find(name);
    if (member === undefined) throw new InvalidArchiveError(path, `it has no file "${name}"`);
    return member;
  };
  const openMember = (name: string): AsyncIterable<Uint8Array> => {
    const { offset, size } = get(name);
    if (size === 0) return noBytes();
    return createReadStream(path, { start: offset, end: offset + size - 1, highWaterMark: 256 * 1024 });
  };
  return {
    path,
    size: (name) => find(name)?.size,
    open: openMember,
    async read(name, maxBytes) {
      const { size } = get(name);
      if (size > maxBytes) throw new SizeMismatchError(maxBytes, size, `"${name}" in "${path}"`);
      const chunks: Uint8Array[] = [];
      for await (const chunk of openMember(name)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
  };
}

/** As Go's path.Clean compares names: "./a", "a" and "/a" are one member. */
function cleanName(name: string): string {
  return posix.normalize(`/${name}`);
}

async function readMembers(handle: FileHandle, path: string): Promise<ReadonlyMap<string, Member>> {
  const members = new Map<string, Member>();
  const { size: fileSize } = await handle.stat();
  let extended: Readonly<Record<string, string>> = {};
  for (let offset = 0; ; ) {
    const header = await readExactly(handle, offset, BLOCK);
    // Archives without their two zero blocks are accepted, as by GNU tar; an empty file is not an archive.
    if (header === undefined && offset > 0) return members;
    if (header === undefined || !(isZero(header) || hasTrueChecksum(header))) {
      throw new InvalidArchiveError(path, offset === 0 ? 'it is not a tar archive' : `no valid tar header at offset ${offset}`);
    }
    if (isZero(header)) return members;
    const size = extended.size === undefined ? readNumber(header, 124, 12) : Number(extended.size);
    const start = offset + BLOCK;
    if (!Number.isSafeInteger(size) || size < 0 || start + size > fileSize)
      throw new InvalidArchiveError(path, `the member at offset ${offset} is cut short`);
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === 'x' || type === 'L' || type === 'K') {
      const body = size > MAX_EXTENDED_BYTES ? undefined : await readExactly(handle, start, size);
      if (body === undefined) throw new InvalidArchiveError(path, `the extended header at offset ${start} is too large`);
      extended = { ...extended, ...readExtended(type, body) };
      continue;
    }
    if (type === 'g') continue;
    const member = toMember(type, { start, size, header, linkpath: extended.linkpath });
    // The last member of a name wins, as on extraction.
    if (member !== undefined) members.set(cleanName(extended.path ?? readName(header)), member);
    if (members.size > MAX_MEMBERS) throw new InvalidArchiveError(path, `it has more than ${MAX_MEMBERS} members`);
    extended = {};
  }
}

function toMember(
  type: string,
  { start, size, header, linkpath }: { start: number; size: number; header: Buffer; linkpath: string | undefined },
): Member | undefined {
  if (type === '0' || type === '\0' || type === '7') return { kind: 'file', offset: start, size };
  const target = linkpath ?? readText(header, 157, 100);
  if (type === '2') return { kind: 'link', target };
  // A hard link's target is a name from the archive's root.
  return type === '1' ? { kind: 'link', target: `/${target}` } : undefined;
}

function readExtended(type: string, body: Buffer): Record<string, string> {
  if (type === 'L') return { path: readText(body, 0, body.length) };
  if (type === 'K') return { linkpath: readText(body, 0, body.length) };
  const records: Record<string, string> = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, Math.max(at, space)));
    const equals = body.indexOf(0x3d, space);
    if (space === -1 || !Number.isSafeInteger(length) || length <= 0 || equals === -1 || at + length > body.length) break;
    const key = body.toString('utf8', space + 1, equals);
    if (key === 'path' || key === 'linkpath' || key === 'size') records[key] = body.toString('utf8', equals + 1, at + length - 1);
    at += length;
  }
  return records;
}

function readName(header: Buffer): string {
  const name = readText(header, 0, 100);
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? readText(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function readText(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? field.length : end);
}

/** Octal digits, or GNU's base 256 when the first bit is set. */
function readNumber(header: Buffer, start: number, length: number): number {
  if (((header[start] ?? 0) & 0x80) === 0) {
    const digits = readText(header, start, length).trim();
    return digits === '' ? 0 : Number.parseInt(digits, 8);
  }
  return header.subarray(start + 1, start + length).reduce((value, byte) => value * 256 + byte, 0);
}

function hasTrueChecksum(header: Buffer): boolean {
  let sum = 0;
  for (const [position, byte] of header.entries()) sum += position >= 148 && position < 156 ? 0x20 : byte;
  return sum === readNumber(header, 148, 8);
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** Undefined at the end of the file. */
async function readExactly(handle: FileHandle, offset: number, length: number): Promise<Buffer | undefined> {
  const buffer = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) return undefined;
    done += bytesRead;
  }
  return buffer;
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
