import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ContainerfileSyntaxError, parseContainerfile, parseTrigger } from '../../../src/parser/index.js';
import { suite } from '../../support/suite.js';

const cases = fileFolder('test/containerfiles/parse');

/** The project's folder `name`, whichever depth the compiled tests lie at. */
function fileFolder(name: string): string {
  for (let directory = import.meta.dirname; ; directory = join(directory, '..')) {
    if (existsSync(join(directory, name)) && existsSync(join(directory, 'node_modules'))) return join(directory, name);
    if (directory === '/') throw new Error(`${name} not found above ${import.meta.dirname}`);
  }
}

interface ExpectedError {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly code?: string;
  readonly hint?: string;
  readonly others?: readonly ExpectedError[];
}

/** Every field of `expected` is in `actual`; arrays match element by element. */
function contains(actual: unknown, expected: unknown, path: string): void {
  if (typeof expected !== 'object' || expected === null) {
    assert.is(actual, expected, `${path}: ${JSON.stringify(actual)}`);
    return;
  }
  if (typeof actual !== 'object' || actual === null) assert.unreachable(`${path} is ${JSON.stringify(actual)}`);
  if (Array.isArray(expected)) assert.is((actual as readonly unknown[]).length, expected.length, `length of ${path}`);
  for (const [key, value] of Object.entries(expected)) contains((actual as Record<string, unknown>)[key], value, `${path}.${key}`);
}

suite('parseContainerfile, by folders of test/containerfiles/parse', (test) => {
  for (const name of readdirSync(cases).sort()) {
    const text = readFileSync(join(cases, name, 'Containerfile'), 'utf8');
    const read = (file: string): unknown => JSON.parse(readFileSync(join(cases, name, file), 'utf8'));
    const source = { name: 'Containerfile', text };

    if (existsSync(join(cases, name, 'error.json'))) {
      test(name, () => {
        const { others = [], ...first } = read('error.json') as ExpectedError;
        try {
          parseContainerfile(source);
        } catch (error) {
          if (!(error instanceof ContainerfileSyntaxError)) throw error;
          assert.is(error.code, first.code);
          assert.is(error.file, 'Containerfile');
          assert.is(error.errors.length, 1 + others.length);
          for (const [index, { line, column, message, hint }] of [first, ...others].entries()) {
            const actual = error.errors[index];
            assert.equal([actual?.line, actual?.column, actual?.problem], [line, column, message]);
            if (hint !== undefined) assert.is(actual?.hint, hint);
            assert.is(actual?.sourceLines.at(-1)?.line, line);
          }
          return;
        }
        assert.unreachable('no error');
      });
      continue;
    }

    test(name, () => {
      const expected = read('expected.json') as { readonly instructions: readonly { readonly lines: readonly number[] }[] };
      const parsed = parseContainerfile(source);
      const { instructions, ...rest } = expected;
      contains(parsed, rest, 'file');
      assert.is(parsed.instructions.length, instructions.length);
      for (const [index, { lines, ...fields }] of instructions.entries()) {
        const actual = parsed.instructions[index];
        assert.equal([actual?.range.startLine, actual?.range.endLine], lines, `lines of instruction ${index + 1}`);
        contains(actual, fields, `instruction ${index + 1}`);
        // The ranges point into the source as it is.
        const written = text.slice(actual?.keywordRange.start, actual?.keywordRange.end);
        assert.is(written.replace(/[\\`]\s*/g, ''), actual?.writtenKeyword);
        assert.is(actual?.range.start, actual?.keywordRange.start);
      }
    });
  }
});

suite('parseTrigger()', (test) => {
  test('reads one instruction with its heredoc', () => {
    const instruction = parseTrigger('RUN <<EOF\na\nEOF', 'ONBUILD of x');
    assert.is(instruction.keyword, 'RUN');
    assert.is(instruction.heredocs[0]?.content, 'a\n');
  });
  for (const [text, problem] of [
    ['RUN a\nRUN b', 'onbuild trigger should be a single expression'],
    ['', 'onbuild trigger should be a single expression'],
    ['FROM x', "FROM isn't allowed as an ONBUILD trigger"],
    ['RUM x', 'unknown instruction: RUM'],
  ] as const) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      try {
        parseTrigger(text, 'ONBUILD of x');
      } catch (error) {
        assert.is((error as ContainerfileSyntaxError).problem, problem);
        assert.is((error as ContainerfileSyntaxError).file, 'ONBUILD of x');
        return;
      }
      assert.unreachable('no error');
    });
  }
});
