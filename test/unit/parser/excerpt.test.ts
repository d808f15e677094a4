import * as assert from 'uvu/assert';
import { ContainerfileSyntaxError, formatExcerpt, formatSyntaxError, parseContainerfile } from '../../../src/parser/index.js';
import { suite } from '../../support/suite.js';

suite('formatExcerpt()', (test) => {
  const failure = (text: string): ContainerfileSyntaxError => {
    try {
      parseContainerfile({ name: 'dir/Containerfile', text });
    } catch (error) {
      if (error instanceof ContainerfileSyntaxError) return error;
      throw error;
    }
    throw new Error('no error');
  };

  test('shows the line before, the line and a caret', () => {
    const error = failure('FROM scratch\nCOPY --frm=x a b\n');
    assert.is(formatExcerpt(error), '   1 | FROM scratch\n>> 2 | COPY --frm=x a b\n     |      ^');
    assert.is(error.message, 'dir/Containerfile:2: unknown flag: --frm');
  });

  test('gives the control characters of a hostile file no effect', () => {
    assert.not.match(formatExcerpt(failure('FROM scratch\nFOO\u001b[31m\u009b\n')), /[\u001b\u009b]/);
  });

  test('cuts a very long line around the caret', () => {
    const error = failure(`FROM scratch\nENV ${'A=1 '.repeat(500)}B C=1\n`);
    const rows = formatExcerpt(error).split('\n');
    assert.ok(rows.every((row) => row.length < 200));
    assert.is(rows[1]?.charAt(rows[2]?.indexOf('^') ?? -1), 'B');
  });

  test('formatSyntaxError() lists every mistake with its hint', () => {
    const text = formatSyntaxError(failure('FROM scratch\nRNU x\nUSER\n'));
    assert.is(
      text,
      'dir/Containerfile:2:1: unknown instruction: RNU\n   1 | FROM scratch\n>> 2 | RNU x\n     | ^\nDid you mean RUN?\n\n' +
        'dir/Containerfile:3:1: USER requires exactly one argument\n   2 | RNU x\n>> 3 | USER\n     | ^\nWrite it like: USER NAME[:GROUP]',
    );
  });
});
