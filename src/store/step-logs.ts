import { closeSync, mkdirSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { randomName } from '../sys/index.js';
import type { Layout } from './layout.js';
import { listNames } from './record-files.js';

/** What one step's command printed, whole. */
export interface StepLog {
  /** Absolute; undefined as long as nothing was written, and when not all of it could be. */
  readonly path: string | undefined;
  /** Never fails: what cannot be kept is forgotten, with what was kept before. */
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Logs are for the person who just saw a build fail; older ones go when a new one is made. */
const KEPT_MS = 14 * 24 * 3600 * 1000;
const KEPT_FILES = 500;

/** The file is for its owner alone: a command may print anything. */
export function openStepLog(layout: Layout): StepLog {
  let state: LogState = { kind: 'empty' };
  return {
    get path() {
      return state.kind === 'open' ? state.path : undefined;
    },
    write(bytes) {
      if (state.kind === 'given-up') return;
      try {
        if (state.kind === 'empty') state = { kind: 'open', ...makeFile(layout) };
        for (let done = 0; done < bytes.length; ) done += writeSync(state.fd, bytes, done);
      } catch {
        // A full disk, usually: the command's own errors tell of it. Half a log would not be what its path promises.
        if (state.kind === 'open') discard(state);
        state = { kind: 'given-up' };
      }
    },
    close() {
      if (state.kind === 'open') closeSync(state.fd);
    },
  };
}

interface LogFile {
  readonly path: string;
  readonly fd: number;
}

type LogState = { readonly kind: 'empty' } | ({ readonly kind: 'open' } & LogFile) | { readonly kind: 'given-up' };

function discard({ path, fd }: LogFile): void {
  closeSync(fd);
  rmSync(path, { force: true });
}

function makeFile(layout: Layout): LogFile {
  mkdirSync(layout.logs, { recursive: true, mode: 0o700 });
  dropOld(layout.logs, Date.now());
  // Names sort by time.
  const name = `${new Date().toISOString().replace(/[-:]/g, '').slice(0, 15)}-${randomName(4)}.log`;
  const path = join(layout.logs, name);
  return { path, fd: openSync(path, 'wx', 0o600) };
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
