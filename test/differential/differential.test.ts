import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { buildOurs } from './build-ours.js';
import type { BuiltImage, CaseGroup, DifferentialCase, Outcome } from './case.js';
import { DIFFERENCES } from './differences.js';
import { GROUPS } from './groups.js';
import { digestOf, readRecordings } from './recordings.js';
import { REFUSALS } from './refusals.js';

const all = GROUPS.flatMap(({ cases }) => cases);
const built = await buildOurs(all);
const outcomes = new Map(all.map((one, index) => [one, built.outcomes[index]!]));

function check(group: CaseGroup, one: DifferentialCase): void {
  if (one.needsIds === true && built.idMode === 'single') skip('with one id a command sees, and sets, no other owner');
  const ours = outcomes.get(one)!;
  const difference = DIFFERENCES[group.name]?.[one.title];
  const expected = one.expected ?? difference?.ours;
  if (expected !== undefined) {
    if ('error' in expected) assert.ok(textOfError(ours).includes(expected.error), textOfError(ours));
    else {
      const { tree, config } = imageOf(ours);
      assert.equal(comparable(tree), comparable(expected.tree));
      if (expected.config !== undefined) assert.equal(config, expected.config);
    }
    return;
  }
  const theirs = recordedOf(group, one);
  if ('error' in theirs) {
    const text = REFUSALS[group.name]?.[one.title];
    assert.ok(text !== undefined && textOfError(ours).includes(text), textOfError(ours));
    return;
  }
  const image = imageOf(ours);
  assert.equal(comparable(image.tree).sort(), comparable(changedTree(theirs.tree, difference?.lines ?? [])).sort());
  assert.equal(changed(theirs.config, image.config), difference?.config ?? {});
}

/** Where there is one id only, the owner of a link or a fifo cannot be kept: neither can carry an attribute that tells it. */
function comparable(lines: readonly string[]): string[] {
  return lines.map((line) => (built.idMode === 'single' ? line.replace(/^([lp] \S+) \S+/, '$1 *') : line));
}

function recordedOf(group: CaseGroup, one: DifferentialCase): Outcome {
  const recording = readRecordings(group)[one.title];
  assert.is(recording?.of, digestOf(one), 'record it: see test/differential/record.ts');
  return recording!.outcome;
}

function imageOf(outcome: Outcome): BuiltImage {
  if ('error' in outcome) throw new Error(`tsbuild does not build it: ${outcome.error}`);
  return outcome;
}

function textOfError(outcome: Outcome): string {
  if ('error' in outcome) return outcome.error;
  throw new Error(`tsbuild builds it: ${outcome.tree.join('\n')}`);
}

function changedTree(tree: readonly string[], changes: readonly string[]): string[] {
  const gone = changes.filter((line) => line.startsWith('- ')).map((line) => line.slice(2));
  const added = changes.filter((line) => line.startsWith('+ ')).map((line) => line.slice(2));
  for (const line of gone) assert.ok(tree.includes(line), `Buildah has no ${line}`);
  for (const line of added) assert.not.ok(tree.includes(line), `Buildah has ${line}`);
  return [...tree.filter((line) => !gone.includes(line)), ...added];
}

/** What `ours` has that `theirs` has not, or other; `null` for what it lacks. */
function changed(theirs: BuiltImage['config'], ours: BuiltImage['config']): BuiltImage['config'] {
  const fields = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].sort();
  return Object.fromEntries(
    fields.filter((field) => JSON.stringify(theirs[field]) !== JSON.stringify(ours[field])).map((field) => [field, ours[field] ?? null]),
  );
}

for (const group of GROUPS) {
  suite(`differential/${group.name}`, (test) => {
    for (const one of group.cases) test(one.title, () => check(group, one));

    test('every difference, refusal and recording belongs to a case', () => {
      const titles = group.cases.map(({ title }) => title);
      assert.is(new Set(titles).size, titles.length, 'titles are unique');
      const named = [DIFFERENCES[group.name] ?? {}, REFUSALS[group.name] ?? {}, readRecordings(group)].flatMap(Object.keys);
      for (const title of named) assert.ok(titles.includes(title), title);
    });
  });
}
