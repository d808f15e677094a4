import * as assert from 'uvu/assert';
import { parseCsvLine } from '../../../src/parser/csv.js';
import { parseGoDuration } from '../../../src/parser/go-duration.js';
import { ContainerfileSyntaxError, formatExcerpt, formatSyntaxError, parseContainerfile, suggest } from '../../../src/parser/index.js';
import { parseSize } from '../../../src/parser/size.js';
import { suite } from '../../support/suite.js';

suite('parseGoDuration()', (test) => {
  for (const [text, nanoseconds] of [
    ['0', 0],
    ['1ns', 1],
    ['2us', 2000],
    ['2µs', 2000],
    ['1.5ms', 1_500_000],
    ['30s', 30e9],
    ['1m30s', 90e9],
    ['1h2m3.5s', 3_723_500_000_000],
    ['-1s', -1e9],
    ['+.5s', 5e8],
    ['1.s', 1e9],
  ] as const) {
    test(text, () => assert.is(parseGoDuration(text), nanoseconds));
  }
  for (const [text, message] of [
    ['', 'time: invalid duration ""'],
    ['5', 'time: missing unit in duration "5"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    ['s', 'time: invalid duration "s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['1m 2s', 'time: unknown unit "m " in duration "1m 2s"'],
  ] as const) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseGoDuration(text),
        (error: Error) => error.message === message,
      );
    });
  }
});

suite('parseSize()', (test) => {
  for (const [text, bytes] of [
    ['10', 10],
    ['10b', 10],
    ['1k', 1024],
    ['1KB', 1024],
    ['2MiB', 2_097_152],
    ['1.5g', 1_610_612_736],
    ['x', undefined],
    ['-1', undefined],
    ['', undefined],
  ] as const) {
    test(JSON.stringify(text), () => assert.is(parseSize(text), bytes));
  }
});

suite('parseCsvLine()', (test) => {
  for (const [text, fields] of [
    ['', ['']],
    ['a,b', ['a', 'b']],
    ['a,', ['a', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['"a""b"', ['a"b']],
    ['"a"b', undefined],
    ['a"b', undefined],
    ['"a', undefined],
  ] as const) {
    test(JSON.stringify(text), () => assert.equal(parseCsvLine(text), fields));
  }
});

suite('suggest()', (test) => {
  const names = ['COPY', 'CMD', 'RUN', 'ENTRYPOINT', 'WORKDIR'];
  for (const [word, expected] of [
    ['COPPY', 'COPY'],
    ['CPOY', 'COPY'],
    ['ENTRYPIONT', 'ENTRYPOINT'],
    ['workdri', 'WORKDIR'],
    ['RN', 'RUN'],
    ['INCLUDE', undefined],
    ['COPY', undefined],
    ['', undefined],
  ] as const) {
    test(word, () => assert.is(suggest(word, names), expected));
  }
});

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
        'dir/Containerfile:3:1: USER requires exactly one argument\n   2 | RNU x\n>> 3 | USER\n     | ^',
    );
  });
});
