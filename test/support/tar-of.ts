/** A tar writer for tests, independent of the one under test: POSIX ustar and PAX straight from the standard, and able to lie. */

export interface TarItem {
  readonly name: string | Buffer;
  /** Typeflag; by default '5' when the name ends in a slash, else '0'. */
  readonly type?: string;
  /** By default 0755 for a directory, else 0644. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly data?: string | Uint8Array;
  /** Instead of the length of `data`. */
  readonly size?: number;
  readonly link?: string | Buffer;
  readonly major?: number;
  readonly minor?: number;
  /** Records of an `x` header before the entry, in this order. */
  readonly pax?: readonly (readonly [key: string, value: string | Uint8Array])[];
  /** The 512 header bytes as they will be, to spoil before the checksum is taken. */
  readonly edit?: (header: Buffer) => void;
  /** After the checksum. */
  readonly spoil?: (header: Buffer) => void;
}

export const END = Buffer.alloc(1024);

/** The archive, with its two closing blocks. */
export function tarOf(items: readonly TarItem[]): Buffer {
  return Buffer.concat([...items.map(tarEntry), END]);
}

/** Header and data of one entry, padded; a PAX header first if asked for. */
export function tarEntry(item: TarItem): Buffer {
  const data = Buffer.from(item.data ?? '');
  const parts = [header(item, data.length), data, padding(data.length)];
  if (item.pax !== undefined) {
    const records = paxRecords(item.pax);
    const base = Buffer.from(item.name)
      .toString('latin1')
      .replace(/\/$/, '')
      .replace(/^.*\//, '')
      .replace(/[^\0-\x7f]/g, '_');
    parts.unshift(
      header({ name: `PaxHeaders.0/${base}`.slice(0, 100), type: 'x', mode: 0o644 }, records.length),
      records,
      padding(records.length),
    );
  }
  return Buffer.concat(parts);
}

export function paxRecords(records: NonNullable<TarItem['pax']>): Buffer {
  return Buffer.concat(
    records.map(([key, value]) => {
      const body = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as Uint8Array), Buffer.from('\n')]);
      let length = body.length + 1;
      while (String(length).length + body.length !== length) length++;
      return Buffer.concat([Buffer.from(String(length)), body]);
    }),
  );
}

function header(item: TarItem, dataLength: number): Buffer {
  const name = Buffer.from(item.name as string);
  const block = Buffer.alloc(512);
  const isDirectory = item.type === '5' || (item.type === undefined && name.at(-1) === 0x2f);
  const octal = (value: number, at: number, digits: number) => block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  name.copy(block, 0, 0, 100);
  octal(item.mode ?? (isDirectory ? 0o755 : 0o644), 100, 7);
  octal(item.uid ?? 0, 108, 7);
  octal(item.gid ?? 0, 116, 7);
  octal(item.size ?? dataLength, 124, 11);
  octal(item.mtime ?? 0, 136, 11);
  block.write(item.type ?? (isDirectory ? '5' : '0'), 156, 'latin1');
  Buffer.from((item.link ?? '') as string).copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  octal(item.major ?? 0, 329, 7);
  octal(item.minor ?? 0, 337, 7);
  item.edit?.(block);
  let sum = 8 * 0x20;
  for (let at = 0; at < 512; at++) if (at < 148 || at >= 156) sum += block[at]!;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  item.spoil?.(block);
  return block;
}

function padding(length: number): Buffer {
  return Buffer.alloc((512 - (length % 512)) % 512);
}
