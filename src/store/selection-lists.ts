import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { hasCode } from '../errors.js';
import type { Layout } from './layout.js';
import { listNames, writeRecordBytes } from './record-files.js';
import type { Scratch } from './scratch.js';

/** What a selection held under one path. */
export interface ListedEntry {
  readonly path: string;
  /** Type and permission bits. */
  readonly mode: number;
  readonly size: number;
  /** First digits of the digest over content and attributes, the target of a link, or empty. */
  readonly content: string;
  /** `uid:gid` where owners count, else empty. */
  readonly owner: string;
}

const PIECE_UNITS = 64 * 1024;

/** Lists of the files that COPY, ADD and bind mounts brought, by the selection they make up (`dir:<hex>`, `file:<hex>`, `multi:<hex>`). */
export interface SelectionLists {
  has(selection: string): boolean;
  put(selection: string, entries: Iterable<ListedEntry>): Promise<void>;
  /** Undefined when there is none, or none that can be read. Can be gone through any number of times; the objects are made anew. */
  get(selection: string): Promise<Iterable<ListedEntry> | undefined>;
  retain(isKept: (selection: string) => boolean): void;
}

export function openSelectionLists(layout: Layout, scratch: Scratch): SelectionLists {
  const fileOf = (selection: string): string => {
    if (!/^[a-z]+:[0-9a-f]{64}$/.test(selection)) throw new TypeError(`Not a selection: ${JSON.stringify(selection)}`);
    return join(layout.selections, `${selection.replace(':', '-')}.gz`);
  };
  const read = async (selection: string): Promise<Iterable<ListedEntry> | undefined> => {
    let bytes: Buffer;
    try {
      bytes = readFileSync(fileOf(selection));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
    const { gunzipSync } = await import('node:zlib');
    try {
      const text = gunzipSync(bytes);
      // One that an earlier version wrote has all on one line.
      return text.indexOf('[\n') === 0 ? { [Symbol.iterator]: () => rowsOf(text) } : undefined;
    } catch {
      // Torn: what it told is lost, and nothing else.
      return undefined;
    }
  };
  let last: { readonly selection: string; readonly entries: Iterable<ListedEntry> } | undefined;
  return {
    has: (selection) => existsSync(fileOf(selection)),
    async put(selection, entries) {
      const { createGzip } = await import('node:zlib');
      const packed: Buffer[] = [];
      // On libuv's pool, piece by piece: the next step shall not wait for it.
      await pipeline(piecesOf(entries), createGzip({ level: 1 }), async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) packed.push(chunk);
      });
      writeRecordBytes(fileOf(selection), Buffer.concat(packed), await scratch.dir());
    },
    async get(selection) {
      // Whoever explains why a COPY ran reads the list that the COPY itself has read.
      if (last?.selection === selection) return last.entries;
      const entries = await read(selection);
      if (entries !== undefined) last = { selection, entries };
      return entries;
    },
    retain(isKept) {
      for (const name of listNames(layout.selections)) {
        if (!isKept(name.replace(/\.gz$/, '').replace('-', ':'))) rmSync(join(layout.selections, name), { force: true });
      }
    },
  };
}

/** One JSON array, a row on each line: large lists are neither made nor read as a whole. */
function* piecesOf(entries: Iterable<ListedEntry>): Generator<string> {
  let piece = '[';
  let separator = '\n';
  for (const { path, mode, size, content, owner } of entries) {
    piece += separator + JSON.stringify([path, mode, size, content, owner]);
    separator = ',\n';
    if (piece.length < PIECE_UNITS) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}\n]\n`;
}

function* rowsOf(text: Buffer): Generator<ListedEntry> {
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf(0x0a, at);
    const end = newline < 0 ? text.length : newline;
    const line = text.toString('utf8', at, end);
    at = end + 1;
    const row = line.startsWith('[') && line.length > 1 ? readRow(line.replace(/,$/, '')) : undefined;
    if (row !== undefined) yield row;
  }
}

function readRow(text: string): ListedEntry | undefined {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(row)) return undefined;
  const [path, mode, size, content, owner] = row as unknown[];
  if (typeof path !== 'string' || typeof mode !== 'number' || typeof size !== 'number') return undefined;
  if (typeof content !== 'string' || typeof owner !== 'string') return undefined;
  return { path, mode, size, content, owner };
}
