import * as assert from 'uvu/assert';
import { shareRecords } from '../../../../src/builder/steps/shared-records.js';
import type { StepRecord, StepRecords } from '../../../../src/store/index.js';
import { suite } from '../../../support/suite.js';

const record = (definition: string, diffId?: string): StepRecord => ({
  definition,
  parent: 'p',
  inputs: {},
  result: diffId === undefined ? {} : { diffId },
  createdAt: '2026-01-01T00:00:00Z',
});

function fakeRecords(...initial: readonly StepRecord[]): StepRecords & { readonly all: Map<string, StepRecord> } {
  const all = new Map(initial.map((one) => [one.definition, one]));
  return {
    all,
    find: (definition: string) => all.get(definition),
    hasDefinition: (definition: string) => all.has(definition),
    put: async (one: StepRecord) => void all.set(one.definition, one),
    touch: () => {},
  } as unknown as StepRecords & { readonly all: Map<string, StepRecord> };
}

suite('builder/steps/shared-records', (test) => {
  test('the store goes first, imported records come behind it and are entered in it when they are used', async () => {
    const local = fakeRecords(record('a', 'mine'));
    const shared = shareRecords(local, [record('a', 'theirs'), record('b', 'theirs')], () => true);
    assert.is(shared.records.find('a', 'p')?.result.diffId, 'mine');
    assert.ok(shared.records.hasDefinition('b'));
    const found = shared.records.find('b', 'p');
    assert.is(found?.result.diffId, 'theirs');
    assert.not.ok(local.all.has('b'));
    shared.records.touch(found!, new Date());
    await shared.settled();
    assert.ok(local.all.has('b'));
    assert.not.ok(shared.records.hasDefinition('c'));
    assert.is(shared.records.find('c', 'p'), undefined);
  });

  test('a record of the store whose layer is gone gives way', () => {
    const shared = shareRecords(fakeRecords(record('a', 'gone')), [record('a', 'there')], (diffId) => diffId === 'there');
    assert.is(shared.records.find('a', 'p')?.result.diffId, 'there');
    const alone = shareRecords(fakeRecords(record('a', 'gone')), [], () => false);
    assert.is(alone.records.find('a', 'p')?.result.diffId, 'gone');
  });

  test('of two sources the first decides', () => {
    const shared = shareRecords(fakeRecords(), [record('a', 'first'), record('a', 'second')], () => true);
    assert.is(shared.records.find('a', 'p')?.result.diffId, 'first');
  });

  test('used() has what was touched and what was made, each key once', async () => {
    const shared = shareRecords(fakeRecords(record('a', '1'), record('unused')), [record('b')], () => true);
    for (const name of ['a', 'b']) shared.records.touch(shared.records.find(name, 'p')!, new Date());
    shared.records.find('unused', 'p');
    await shared.records.put(record('c'));
    await shared.records.put(record('a', '2'));
    assert.equal(
      shared.used().map(({ definition, result }) => [definition, result.diffId]),
      [
        ['a', '2'],
        ['b', undefined],
        ['c', undefined],
      ],
    );
  });
});
