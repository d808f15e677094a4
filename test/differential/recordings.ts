import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from '../support/tsbuild.js';
import type { CaseGroup, DifferentialCase, Outcome } from './case.js';

/** What came of a case, and a digest of it: one that changed since must be recorded again. */
export interface Recording {
  readonly of: string;
  readonly outcome: Outcome;
}

type Recordings = Readonly<Record<string, Recording>>;

/** What Buildah made of the cases of a group, by title. */
export function readRecordings({ name }: CaseGroup): Recordings {
  const file = fileOf(name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recordings) : {};
}

export function writeRecordings({ name }: CaseGroup, cases: readonly DifferentialCase[], outcomes: readonly Outcome[]): void {
  const recordings: Record<string, Recording> = {};
  cases.forEach((one, index) => {
    recordings[one.title] = { of: digestOf(one), outcome: outcomes[index]! };
  });
  writeFileSync(fileOf(name), `${JSON.stringify(recordings, undefined, 1)}\n`);
}

export function digestOf({ containerfile, context, args = [] }: DifferentialCase): string {
  return createHash('sha256')
    .update(JSON.stringify([containerfile, context, args]))
    .digest('hex')
    .slice(0, 16);
}

function fileOf(name: string): string {
  return join(project, 'test/differential/recorded', `${name}.json`);
}
