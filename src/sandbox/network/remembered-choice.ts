import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { sha256Hex } from '../../sha256.js';
import { atomicWriteFile } from '../../sys/index.js';
import type { DefaultNetwork, ProbedNetwork } from './default-network.js';
import { type HelperProgram, programStamp } from './helper-programs.js';
import { tunnelProblem } from './helpers.js';

interface Entry {
  readonly version: 1;
  /** Digest over what decides the outcome. */
  readonly key: string;
  /** Milliseconds since 1970 until which it counts. */
  readonly until: number;
  readonly choice: DefaultNetwork;
}

const HOUR_MS = 3_600_000;
const MEASURED_MS = 24 * HOUR_MS;
// With nothing to compare, the next minutes may tell more.
const UNMEASURED_MS = HOUR_MS / 12;

/**
 * What the last probe found, in a file of the run root. A lost or damaged file costs a probe.
 *
 * @param key of {@link choiceKey}
 */
export class RememberedChoice {
  constructor(
    readonly file: string,
    readonly key: string,
    readonly now: () => number,
  ) {}

  read(): DefaultNetwork | undefined {
    try {
      const entry = JSON.parse(readFileSync(this.file, 'utf8')) as Partial<Entry>;
      const counts = entry.version === 1 && entry.key === this.key && (entry.until ?? 0) > this.now();
      // A clock that was set back must not make it last.
      return counts && (entry.until ?? 0) <= this.now() + MEASURED_MS ? entry.choice : undefined;
    } catch {
      // Not there, or not readable: as if there had been no probe.
      return undefined;
    }
  }

  write({ choice, unmeasured }: Pick<ProbedNetwork, 'choice' | 'unmeasured'>): void {
    const entry: Entry = { version: 1, key: this.key, until: this.now() + (unmeasured ? UNMEASURED_MS : MEASURED_MS), choice };
    try {
      mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
      atomicWriteFile(this.file, Buffer.from(`${JSON.stringify(entry)}\n`), { mode: 0o600 });
    } catch {
      // It is remembered for speed only: the next build probes again.
    }
  }
}

/** Another text when something has changed that may decide which network works. */
export function choiceKey(facts: {
  readonly bootId: string;
  readonly uid: number;
  readonly resolvConf: string;
  readonly helpers: readonly HelperProgram[];
  readonly pastaOptions: readonly string[];
}): string {
  const { bootId, uid, resolvConf, helpers, pastaOptions } = facts;
  const text = JSON.stringify([bootId, uid, resolvConf, helpers.map(programStamp), pastaOptions, tunnelProblem() ?? '']);
  return sha256Hex(text);
}
