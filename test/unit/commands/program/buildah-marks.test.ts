import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { FlagShape } from '../../../../src/commands/flags/flags.js';
import { definitionsOf } from '../../../../src/commands/flags/flags.js';
import { GLOBAL_FLAGS } from '../../../../src/commands/flags/global-flags.js';
import { findCommand } from '../../../../src/commands/program/command-table.js';
import { suite } from '../../../support/suite.js';
import { project } from '../../../support/tsbuild.js';

/** Flags of a command of Buildah 1.44 by how much scripts depend on them; rare ones are not here. */
interface Marks {
  readonly must: readonly string[];
  readonly should: readonly string[];
}

const FILE = join(project, 'test/unit/commands/program/buildah-marks.json');
const MARKS = JSON.parse(readFileSync(FILE, 'utf8')) as Readonly<Record<string, Marks>>;

/** What scripts may give and tsbuild refuses. */
const REFUSED: readonly string[] = [];

/** What is taken because it is so anyway, or because the thing it is about is not there. */
const WITHOUT_EFFECT: readonly string[] = [
  // What changes in a working container becomes one layer when it is committed.
  'add --link',
  'copy --link',
  // A build leaves no working containers.
  'build --rm',
  'build --force-rm',
  // Layers of the store are compressed.
  'commit --disable-compression',
  // None are kept.
  'push --remove-signatures',
];

async function flagsOf(command: string): Promise<Readonly<Record<string, FlagShape>>> {
  if (command === 'buildah') return GLOBAL_FLAGS;
  const entry = findCommand(command);
  assert.ok(entry, `there is no command "${command}"`);
  return { ...GLOBAL_FLAGS, ...definitionsOf(await entry.load()) };
}

async function flagsThat(fits: (shape: FlagShape) => boolean): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [command, { must, should }] of Object.entries(MARKS)) {
    const flags = await flagsOf(command);
    for (const name of [...must, ...should]) {
      const shape = flags[name] ?? Object.values(flags).find(({ aliases }) => aliases?.includes(name));
      assert.ok(shape, `${command} has no --${name}`);
      if (fits(shape)) found.push(`${command} --${name}`);
    }
  }
  return found.sort();
}

suite('flags that scripts depend on', (test) => {
  test('are there, and all but those named here are accepted', async () =>
    assert.equal(await flagsThat(({ refusal }) => refusal !== undefined), [...REFUSED].sort()));

  test('have an effect, but for those named here', async () =>
    assert.equal(await flagsThat(({ summary }) => /without effect/i.test(summary ?? '')), [...WITHOUT_EFFECT].sort()));
});
