import { posix } from 'node:path';

/** An entry as Go's archive/tar would write it when nobody asks for a format: USTAR where that holds it, else PAX. */
export interface GoTarHeader {
  /** A directory's ends in `/`. */
  readonly name: Buffer;
  readonly type: 'file' | 'hardlink' | 'link' | 'character' | 'block' | 'directory' | 'fifo';
  /** Permission bits, with those of set-user-id and the like. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** In bytes; 0 of anything but files. */
  readonly size: number;
  readonly mtimeSeconds: number;
  /** Empty where there is none. */
  readonly linkName: Buffer;
  readonly device: { readonly major: number; readonly minor: number };
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

// POSIX, pax: "ustar Interchange Format".
const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const FLAGS = { file: '0', hardlink: '1', link: '2', character: '3', block: '4', directory: '5', fifo: '6' } as const;
const LARGEST_ID = 0o7777777;
const LARGEST_SIZE = 0o77777777777;

/**
 * The blocks that come before an entry's content.
 *
 * @see https://pkg.go.dev/archive/tar#Format
 */
export function goTarHeader(header: GoTarHeader): Buffer {
  const records = new Map<string, Buffer>();
  const isLong = (text: Buffer): boolean => text.length > NAME_BYTES || !isAscii(text);
  const number = (key: string, value: number, largest: number): void => {
    if (value > largest) records.set(key, Buffer.from(String(value)));
  };
  if (isLong(header.name)) records.set('path', header.name);
  if (isLong(header.linkName)) records.set('linkpath', header.linkName);
  number('size', header.size, LARGEST_SIZE);
  number('uid', header.uid, LARGEST_ID);
  number('gid', header.gid, LARGEST_ID);
  for (const [name, value] of header.xattrs) records.set(`SCHILY.xattr.${name}`, value);
  const split = splitName(header.name);
  if (records.size === 0) return mainBlock(header, header.name, Buffer.alloc(0));
  if (records.size === 1 && records.has('path') && split !== undefined) return mainBlock(header, split.name, split.prefix);
  return Buffer.concat([paxBlocks(header.name, records), mainBlock(header, ascii(header.name), Buffer.alloc(0))]);
}

function isAscii(text: Buffer): boolean {
  return text.every((byte) => byte > 0 && byte < 0x80);
}

function ascii(text: Buffer): Buffer {
  return Buffer.from(text.filter((byte) => byte > 0 && byte < 0x80));
}

/** A long name in the two fields that USTAR has for it, cut at a `/`; undefined where it does not fit. */
function splitName(name: Buffer): { readonly prefix: Buffer; readonly name: Buffer } | undefined {
  if (!isAscii(name)) return undefined;
  const end = name.length > PREFIX_BYTES + 1 ? PREFIX_BYTES + 1 : name.at(-1) === 0x2f ? name.length - 1 : name.length;
  const slash = name.subarray(0, end).lastIndexOf('/');
  const rest = name.length - slash - 1;
  if (slash <= 0 || slash > PREFIX_BYTES || rest === 0 || rest > NAME_BYTES) return undefined;
  return { prefix: name.subarray(0, slash), name: name.subarray(slash + 1) };
}

function mainBlock(header: GoTarHeader, name: Buffer, prefix: Buffer): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const { device } = header;
  const isDevice = header.type === 'character' || header.type === 'block';
  put(block, 0, NAME_BYTES, name);
  putOctal(block, 100, 8, header.mode);
  putOctal(block, 108, 8, Math.min(header.uid, LARGEST_ID + 1));
  putOctal(block, 116, 8, Math.min(header.gid, LARGEST_ID + 1));
  putOctal(block, 124, 12, Math.min(header.size, LARGEST_SIZE + 1));
  putOctal(block, 136, 12, header.mtimeSeconds);
  block.write(FLAGS[header.type], 156);
  put(block, 157, NAME_BYTES, ascii(header.linkName));
  putOctal(block, 329, 8, isDevice ? device.major : 0);
  putOctal(block, 337, 8, isDevice ? device.minor : 0);
  put(block, 345, PREFIX_BYTES, prefix);
  return signed(block);
}

/** An extended header and its records, sorted by key. */
function paxBlocks(name: Buffer, records: ReadonlyMap<string, Buffer>): Buffer {
  const content = Buffer.concat([...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => record(key, value)));
  const block = Buffer.alloc(BLOCK_BYTES);
  const text = name.toString('latin1');
  const slash = text.lastIndexOf('/') + 1;
  const own = posix.join(text.slice(0, slash), 'PaxHeaders.0', text.slice(slash)).replace(/\/+$/, '');
  put(block, 0, NAME_BYTES, ascii(Buffer.from(own, 'latin1')));
  for (const offset of [100, 108, 116]) putOctal(block, offset, 8, 0);
  putOctal(block, 124, 12, content.length);
  putOctal(block, 136, 12, 0);
  block.write('x', 156);
  return Buffer.concat([signed(block), content, Buffer.alloc(-content.length & (BLOCK_BYTES - 1))]);
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + String(rest.length).length;
  if (rest.length + String(length).length !== length) length++;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function put(block: Buffer, offset: number, length: number, text: Buffer): void {
  text.copy(block, offset, 0, Math.min(text.length, length));
}

/** A number that does not fit is left as 0, as Go does: it stands in a record. */
function putOctal(block: Buffer, offset: number, length: number, value: number): void {
  const digits = value.toString(8);
  block.write(digits.length < length ? digits.padStart(length - 1, '0') : '0'.repeat(length - 1), offset);
}

function signed(block: Buffer): Buffer {
  block.write('ustar\u000000', 257, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
