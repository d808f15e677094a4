import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from '../support/tsbuild.js';
import type { Flow } from './flow.js';

/** What Buildah made of a flow: for root, and where it is another for an ordinary user. */
export interface Recording {
  /** {@link Flow.digest} of the script. */
  readonly of: string;
  readonly root?: readonly string[];
  readonly user?: readonly string[];
}

export type Recordings = Readonly<Record<string, Recording>>;

/** Of a group of flows, by their names. */
export function readRecordings(group: string): Recordings {
  const file = fileOf(group);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recordings) : {};
}

export function writeRecordings(group: string, recordings: Recordings): void {
  writeFileSync(fileOf(group), `${JSON.stringify(recordings, undefined, 1)}\n`);
}

export function recordingOf(flow: Flow): Recording | undefined {
  const recording = readRecordings(flow.group)[flow.name];
  return recording?.of === flow.digest ? recording : undefined;
}

function fileOf(group: string): string {
  return join(project, 'test/flows/recorded', `${group}.json`);
}
