import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ZlibOptions } from 'node:zlib';
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

/** Lists of the files that COPY, ADD and bind mounts brought, by the selection they make up (`dir:<hex>`, `file:<hex>`, `multi:<hex>`). */
export interface SelectionLists {
  has(selection: string): boolean;
  put(selection: string, entries: readonly ListedEntry[]): Promise<void>;
  /** Undefined when there is none, or none that can be read. */
  get(selection: string): Promise<readonly ListedEntry[] | undefined>;
  retain(isKept: (selection: string) => boolean): void;
}

export function openSelectionLists(layout: Layout, scratch: Scratch): SelectionLists {
  const fileOf = (selection: string): string => {
    if (!/^[a-z]+:[0-9a-f]{64}$/.test(selection)) throw new TypeError(`Not a selection: ${JSON.stringify(selection)}`);
    return join(layout.selections, `${selection.replace(':', '-')}.gz`);
  };
  const read = async (selection: string): Promise<readonly ListedEntry[] | undefined> => {
    let bytes: Buffer;
    try {
      bytes = readFileSync(fileOf(selection));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
    const { gunzipSync } = await import('node:zlib');
    try {
      const rows: unknown = JSON.parse(gunzipSync(bytes).toString());
      return Array.isArray(rows) ? rows.flatMap((row) => readRow(row) ?? []) : undefined;
    } catch {
      // Torn: what it told is lost, and nothing else.
      return undefined;
    }
  };
  let last: { readonly selection: string; readonly entries: readonly ListedEntry[] } | undefined;
  return {
    has: (selection) => existsSync(fileOf(selection)),
    async put(selection, entries) {
      const { gzip } = await import('node:zlib');
      const rows = entries.map(({ path, mode, size, content, owner }) => [path, mode, size, content, owner]);
      // On libuv's pool: the next step shall not wait for it.
      const bytes = await promisify<string, ZlibOptions, Buffer>(gzip)(JSON.stringify(rows), { level: 1 });
      writeRecordBytes(fileOf(selection), bytes, await scratch.dir());
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

function readRow(row: unknown): ListedEntry | undefined {
  if (!Array.isArray(row)) return undefined;
  const [path, mode, size, content, owner] = row as unknown[];
  if (typeof path !== 'string' || typeof mode !== 'number' || typeof size !== 'number') return undefined;
  if (typeof content !== 'string' || typeof owner !== 'string') return undefined;
  return { path, mode, size, content, owner };
}
