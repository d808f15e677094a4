import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasCode } from '../errors.js';
import { randomName } from '../sys/index.js';
import { explainingFailure } from './system-errors.js';

/**
 * A small JSON file that appears and changes in one step. Not synced: a record torn by a power failure does not parse and counts as absent.
 *
 * @param scratch directory on the same file system for the unfinished file
 */
export function writeRecord(file: string, value: unknown, scratch: string): void {
  writeRecordBytes(file, JSON.stringify(value), scratch);
}

/** As {@link writeRecord}, for what is no JSON. */
export function writeRecordBytes(file: string, content: string | Uint8Array, scratch: string): void {
  explainingFailure(file, () => {
    const temporary = join(scratch, randomName());
    try {
      writeFileSync(temporary, content, { flag: 'wx' });
      renameRecord(temporary, file);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

function renameRecord(temporary: string, file: string): void {
  try {
    renameSync(temporary, file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    mkdirSync(dirname(file), { recursive: true });
    renameSync(temporary, file);
  }
}

/** The record, or undefined if there is none or it is torn. `isRecord` looks at the parsed value. */
export function readRecord<T>(file: string, isRecord: (value: unknown) => value is T): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    // A record is only ever lost knowledge; what it told is found out again.
    return undefined;
  }
}

/** Names in a directory, sorted; none if it does not exist. */
export function listNames(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return [];
    throw error;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
