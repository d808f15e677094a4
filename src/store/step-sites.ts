import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDigest } from '../image/index.js';
import { sha256Hex } from '../sha256.js';
import type { Layout } from './layout.js';
import { isObject, listNames, readRecord, writeRecord } from './record-files.js';
import type { Scratch } from './scratch.js';

/** A step record as it is found from the place in a Containerfile where its step stood. */
export interface SiteEntry {
  readonly definition: string;
  readonly parent: string;
  /** The instruction as written. */
  readonly text: string;
  /** Manifest digest of the image that the stage goes back to; absent on scratch. */
  readonly base?: string;
  /** By the name of the input: the selection (`dir:<hex>`, ...) whose list says which files it held. */
  readonly selections: Readonly<Record<string, string>>;
}

/**
 * Where steps stood: by a few words that tell one place from another, the last records of the steps that stood there. It answers "what was
 * here before" by reading one file, however many records there are. Nothing is lost but an explanation when an entry is.
 */
export interface StepSites {
  has(site: readonly string[]): boolean;
  /** The last one first. */
  find(site: readonly string[]): readonly SiteEntry[];
  /** Puts an entry in front; the oldest goes when there are too many. */
  add(site: readonly string[], entry: SiteEntry): Promise<void>;
  /** The instruction of each definition, as far as it is known. */
  texts(): ReadonlyMap<string, string>;
  /** Forgets entries that `isKept` refuses. @returns the selections the others name */
  retain(isKept: (entry: SiteEntry) => boolean): ReadonlySet<string>;
}

/** Enough for a few branches and platforms that take turns. */
const MAX_ENTRIES = 8;

export function openStepSites(layout: Layout, scratch: Scratch): StepSites {
  const fileOf = (site: readonly string[]): string => `${layout.sites}/${sha256Hex(JSON.stringify(site))}.json`;
  const find = (site: readonly string[]): readonly SiteEntry[] => readRecord(fileOf(site), isSite)?.entries ?? [];
  return {
    has: (site) => existsSync(fileOf(site)),
    find,
    async add(site, entry) {
      const directory = await scratch.dir();
      const others = find(site).filter(({ definition, parent }) => definition !== entry.definition || parent !== entry.parent);
      writeRecord(fileOf(site), { entries: [entry, ...others].slice(0, MAX_ENTRIES) }, directory);
    },
    texts() {
      const entries = listNames(layout.sites).flatMap((name) => readRecord(join(layout.sites, name), isSite)?.entries ?? []);
      return new Map(entries.map(({ definition, text }) => [definition, text]));
    },
    retain(isKept) {
      const selections = new Set<string>();
      for (const name of listNames(layout.sites)) {
        const file = join(layout.sites, name);
        const kept = (readRecord(file, isSite)?.entries ?? []).filter(isKept);
        // Entries that lead nowhere are passed over when they are read; a file of nothing else is in the way.
        if (kept.length === 0) rmSync(file, { force: true });
        for (const entry of kept) for (const selection of Object.values(entry.selections)) selections.add(selection);
      }
      return selections;
    },
  };
}

function isSite(value: unknown): value is { readonly entries: readonly SiteEntry[] } {
  return isObject(value) && Array.isArray(value.entries) && value.entries.every(isEntry);
}

function isEntry(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.definition === 'string' &&
    isDigest(value.definition) &&
    typeof value.parent === 'string' &&
    isDigest(value.parent) &&
    typeof value.text === 'string' &&
    isObject(value.selections)
  );
}
