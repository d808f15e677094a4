import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Layout } from './layout.js';
import { chainOfSnapshot } from './reachable.js';
import { listNames } from './record-files.js';

/** A file or directory of the store that its readers pass over or stumble on, because it is not what belongs there. */
export interface DamagedFile {
  /** Absolute. Moving it to the trash mends the store, except for a working container, whose content would go with it. */
  readonly path: string;
  readonly problem: string;
  /** A working container: only its user can say that it may go. */
  readonly precious: boolean;
}

const HEX = /^[0-9a-f]{64}$/;
const HEX_JSON = /^[0-9a-f]{64}\.json$/;

/** Looks at the form of every file that tsbuild keeps, not at the content of blobs and snapshots. Changes nothing. */
export function listDamagedFiles(layout: Layout): readonly DamagedFile[] {
  const found: DamagedFile[] = [];
  const add = (path: string, problem: string | undefined, precious = false): void => {
    if (problem !== undefined) found.push({ path, problem, precious });
  };
  for (const algorithm of listNames(layout.blobs)) {
    const length = { sha256: 64, sha512: 128 }[algorithm];
    const isHex = (name: string): boolean => name.length === length && /^[0-9a-f]+$/.test(name);
    for (const name of listNames(join(layout.blobs, algorithm)))
      if (!isHex(name)) add(join(layout.blobs, algorithm, name), 'its name is no digest');
  }
  const records = (directory: string, isName: RegExp, fields: readonly string[]): void => {
    for (const name of listNames(directory)) {
      const path = join(directory, name);
      add(path, isName.test(name) ? jsonProblem(path, fields) : 'nothing of that name belongs here');
    }
  };
  records(layout.layers, HEX_JSON, ['diffId', 'blobs']);
  for (const definition of listNames(layout.steps)) {
    records(join(layout.steps, definition), HEX_JSON, ['definition', 'parent', 'inputs', 'result', 'createdAt']);
  }
  records(layout.sites, HEX_JSON, ['entries']);
  records(layout.builds, /\.json$/, ['builtAt', 'steps']);
  for (const name of listNames(layout.selections)) add(join(layout.selections, name), gzipProblem(join(layout.selections, name)));
  for (const name of listNames(layout.snapshots)) {
    const path = join(layout.snapshots, name);
    if (name !== 'empty' && !HEX.test(chainOfSnapshot(name))) add(path, 'its name is no digest');
    else if (!existsSync(join(path, 'fs'))) add(path, 'it has no "fs"');
  }
  for (const id of listNames(layout.containers)) {
    const path = join(layout.containers, id);
    const missing = ['config.json', 'upper', 'work'].find((name) => !existsSync(join(path, name)));
    const fields = ['id', 'name', 'diffIds', 'config'];
    add(path, missing === undefined ? jsonProblem(join(path, 'config.json'), fields) : `it has no "${missing}"`, true);
  }
  for (const name of listNames(layout.cacheMounts)) {
    const path = join(layout.cacheMounts, name);
    // Without `fs` it is one that a killed build began.
    if (existsSync(join(path, 'fs'))) add(path, jsonProblem(join(path, 'mount.json'), ['identity', 'sizeBytes']));
  }
  return found;
}

function jsonProblem(path: string, fields: readonly string[]): string | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const missing = fields.find((field) => typeof value !== 'object' || value === null || !Object.hasOwn(value, field));
    return missing === undefined ? undefined : `it says nothing of "${missing}"`;
  } catch (error) {
    return error instanceof SyntaxError ? 'it is not JSON' : `it cannot be read: ${(error as Error).message}`;
  }
}

function gzipProblem(path: string): string | undefined {
  try {
    gunzipSync(readFileSync(path));
    return undefined;
  } catch (error) {
    return `it is not gzip: ${(error as Error).message}`;
  }
}
