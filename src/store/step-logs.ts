import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from './layout.js';
import { listNames } from './record-files.js';
import { explainingFailure } from './system-errors.js';

/** What one step's command printed, whole. */
export interface StepLog {
  /** Absolute; undefined as long as nothing was written. */
  readonly path: string | undefined;
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Logs are for the person who just saw a build fail; older ones go when a new one is made. */
const KEPT_MS = 14 * 24 * 3600 * 1000;
const KEPT_FILES = 500;

/** The file is for its owner alone: a command may print anything. */
export function openStepLog(layout: Layout): StepLog {
  let opened: { readonly path: string; readonly fd: number } | undefined;
  return {
    get path() {
      return opened?.path;
    },
    write(bytes) {
      opened ??= makeFile(layout);
      for (let done = 0; done < bytes.length; ) done += writeSync(opened.fd, bytes, done);
    },
    close() {
      if (opened !== undefined) closeSync(opened.fd);
    },
  };
}

function makeFile(layout: Layout): { path: string; fd: number } {
  return explainingFailure(layout.logs, () => {
    mkdirSync(layout.logs, { recursive: true, mode: 0o700 });
    dropOld(layout.logs, Date.now());
    // Names sort by time.
    const name = `${new Date().toISOString().replace(/[-:]/g, '').slice(0, 15)}-${randomBytes(4).toString('hex')}.log`;
    const path = join(layout.logs, name);
    return { path, fd: openSync(path, 'wx', 0o600) };
  });
}

function dropOld(directory: string, now: number): void {
  const names = listNames(directory);
  const surplus = Math.max(0, names.length - KEPT_FILES);
  for (const [position, name] of names.entries()) {
    const path = join(directory, name);
    const age = now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now);
    if (position >= surplus && age <= KEPT_MS) break;
    rmSync(path, { force: true });
  }
}
