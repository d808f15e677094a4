import * as assert from 'uvu/assert';
import { CheckOptionsFault, isEnabled, parseCheckOptions, withComments } from '../../../src/lint/check-options.js';
import { suite } from '../../support/suite.js';

suite('parseCheckOptions()', (test) => {
  for (const [text, skip, experimental, error] of [
    ['', [], [], false],
    ['skip=all', 'all', [], false],
    ['skip=A,B', ['A', 'B'], [], false],
    [' skip = A , B ; error = true ', ['A', 'B'], [], true],
    ['error=1', [], [], true],
    ['error=False', [], [], false],
    ['experimental=all;skip=A', ['A'], 'all', false],
    ['skip=A;error=true;experimental=C', ['A'], ['C'], true],
  ] as const) {
    test(JSON.stringify(text), () => {
      const options = parseCheckOptions(text);
      const names = (set: typeof options.skip) => (set === 'all' ? 'all' : [...set]);
      assert.equal([names(options.skip), names(options.experimental), options.error], [skip, experimental, error]);
    });
  }

  for (const [text, message] of [
    ['skip', 'invalid check option "skip"'],
    ['skip=A;', 'invalid check option ""'],
    ['skp=A', 'invalid check option "skp"'],
    ['error=maybe', 'failed to parse check option "error=maybe": it must be true or false'],
    ['skip=A;error=true;experimental=B;skip=C', 'invalid check option "experimental=B;skip=C"'],
  ] as const) {
    test(`refuses ${text}`, () => {
      assert.throws(
        () => parseCheckOptions(text),
        (error: unknown) => error instanceof CheckOptionsFault && (text.split(';').length > 3 || error.message === message),
      );
    });
  }
});

suite('which rules are enabled', (test) => {
  const plain = { name: 'A' };
  const trial = { name: 'T', experimental: true };
  test('a plain rule speaks unless it is skipped', () => {
    assert.ok(isEnabled(plain, parseCheckOptions('')));
    assert.not(isEnabled(plain, parseCheckOptions('skip=A')));
    assert.not(isEnabled(plain, parseCheckOptions('skip=all')));
    assert.ok(isEnabled(plain, parseCheckOptions('skip=a')));
  });
  test('an experimental one speaks when it is asked, whatever is skipped', () => {
    assert.not(isEnabled(trial, parseCheckOptions('')));
    assert.ok(isEnabled(trial, parseCheckOptions('skip=all;experimental=T')));
    assert.ok(isEnabled(trial, parseCheckOptions('experimental=all')));
  });
  test('the first # check= among comments is added to the options of the file', () => {
    const file = parseCheckOptions('skip=X');
    const own = withComments(file, ['what it is', 'check=skip=A', 'check=skip=B']);
    assert.equal([...(own.skip as ReadonlySet<string>)], ['X', 'A']);
  });
  test('one that cannot be read changes nothing', () => {
    const file = parseCheckOptions('skip=X');
    assert.is(withComments(file, ['check=nonsense']), file);
    assert.is(withComments(file, ['skip=A']), file);
  });
});
