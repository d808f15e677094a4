import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { differencesBetween } from './compare.js';
import { DIFFERENCES } from './differences.js';
import { type Flow, readFlows } from './flow.js';
import { runOurs } from './ours.js';
import { readRecordings, recordingOf } from './recordings.js';

const isRoot = process.getuid?.() === 0;
/** For whoever writes one: `FLOWS=build/` runs only those whose names contain it. */
const only = process.env.FLOWS ?? '';
const flows = readFlows().filter(({ name }) => name.includes(only));
const runnable = flows.filter(({ only }) => only !== (isRoot ? 'user' : 'root'));
const { idMode, outcomes } = await runOurs(runnable);

function check(flow: Flow): void {
  const at = runnable.indexOf(flow);
  if (at === -1) skip(`with Buildah it is for ${flow.only === 'root' ? 'root' : 'ordinary users'} only`);
  if (flow.needsIds && idMode === 'single') skip('with one id there are no other owners');
  const recording = recordingOf(flow);
  assert.ok(recording, 'record it: see test/flows/record.ts');
  const theirs = (isRoot ? recording.root : recording.user) ?? recording.root ?? [];
  const ours = outcomes[at]!;
  const difference = DIFFERENCES[flow.name];
  assert.equal(differencesBetween(theirs, ours), difference?.lines ?? []);
  if (difference === undefined) assert.equal(ours, theirs, 'in the same order');
}

suite('flows', (test) => {
  for (const flow of flows) test(flow.name, () => check(flow));

  test('every difference and recording belongs to a flow', () => {
    const names = readFlows().map(({ name }) => name);
    const recorded = [...new Set(flows.map(({ group }) => group))].flatMap((group) => Object.keys(readRecordings(group)));
    for (const name of [...Object.keys(DIFFERENCES), ...recorded]) assert.ok(names.includes(name), name);
  });
});
