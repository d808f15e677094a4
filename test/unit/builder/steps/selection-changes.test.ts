import * as assert from 'uvu/assert';
import { changesBetween } from '../../../../src/builder/steps/selection-changes.js';
import type { SelectionEntry } from '../../../../src/builder/steps/step-key.js';
import { suite } from '../../../support/suite.js';

const file = (path: string, content = 'same'): SelectionEntry => ({ path, mode: 0o100644, size: 4, content, owner: '' });
const factsOf = ({ path: _, ...facts }: SelectionEntry) => facts;

suite('builder/steps changesBetween()', (test) => {
  for (const [title, before, after, changed] of [
    ['the same lists', ['a', 'b'], ['a', 'b'], []],
    ['a file more at the beginning', ['b', 'c'], ['a', 'b', 'c'], ['a']],
    ['a file less at the beginning', ['a', 'b', 'c'], ['b', 'c'], ['a']],
    ['another file in the middle', ['a', 'b', 'd'], ['a', 'c', 'd'], ['b', 'c']],
    ['another order', ['a', 'b', 'c'], ['c', 'b', 'a'], []],
    ['nothing before', [], ['b', 'a'], ['a', 'b']],
    ['nothing after', ['b', 'a'], [], ['a', 'b']],
  ] as [string, string[], string[], string[]][]) {
    test(`tells what differs between ${title}`, () => {
      const changes = changesBetween(
        before.map((path) => file(path)),
        after.map((path) => file(path)),
      );
      const expected = changed.map((path) => ({
        path,
        before: before.includes(path) ? factsOf(file(path)) : undefined,
        after: after.includes(path) ? factsOf(file(path)) : undefined,
      }));
      assert.equal(changes, expected);
    });
  }

  for (const [field, value] of [
    ['mode', 0o100600],
    ['size', 5],
    ['content', 'other'],
    ['owner', '1:1'],
  ] as const) {
    test(`sees another ${field}, in lists of another order too`, () => {
      const changed = { ...file('b'), [field]: value };
      for (const after of [
        [file('a'), changed],
        [changed, file('a')],
      ]) {
        assert.equal(changesBetween([file('a'), file('b')], after), [{ path: 'b', before: factsOf(file('b')), after: factsOf(changed) }]);
      }
    });
  }
});
