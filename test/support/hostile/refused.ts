import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Run, type RunOptions, run } from '../tsbuild.js';
import type { Guarded } from '../unchanged.js';

/** A command that has to end with an error. */
export interface Attempt {
  readonly title: string;
  readonly args: readonly string[];
  /** Each is found in what goes to standard error. */
  readonly says: RegExp | readonly RegExp[];
  readonly run?: RunOptions;
}

/** More than any of these takes, and far less than a server without end. */
const PATIENCE_MS = 60_000;
const AT_ONCE = 3;

/**
 * Runs every attempt, some at a time, and fails with a line for each that is not refused in the words it should be. Afterwards the store has
 * the images that it had, nothing unfinished, and all that it holds is sound.
 */
export async function allRefused({ store }: Guarded, attempts: readonly Attempt[]): Promise<void> {
  const images = await store.ok(['images', '--all', '-q']);
  const waiting = [...attempts];
  const problems: string[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const problem = problemOf(next, await run(store.argv(next.args), { ...next.run, signal: AbortSignal.timeout(PATIENCE_MS) }));
      if (problem !== undefined) problems.push(`${next.title}: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  assert.equal(problems, []);
  assert.is((await store.ok(['images', '--all', '-q'])).stdout, images.stdout);
  await assertSound(store);
}

/** No file of an attempt is left, and `system check` finds nothing. */
export async function assertSound(store: Guarded['store']): Promise<void> {
  for (const folder of ['tmp', 'trash'])
    assert.equal(existsSync(join(store.root, folder)) ? readdirSync(join(store.root, folder)) : [], [], `left in ${folder}`);
  assert.match((await store.ok(['system', 'check'])).stdout, /all is well/);
}

function problemOf({ says }: Attempt, { status, signal, stdout, stderr }: Run): string | undefined {
  const said = `${stdout}\n${stderr}`;
  if (signal !== null) return `it did not end\n${said}`;
  if (status !== 125) return `it ended with status ${status}\n${said}`;
  if (/internal error|\n {4}at |spy:x/i.test(said)) return `it shows what it should not\n${said}`;
  const missing = [says].flat().find((words) => !words.test(stderr));
  return missing === undefined ? undefined : `it does not say ${missing}\n${said}`;
}
