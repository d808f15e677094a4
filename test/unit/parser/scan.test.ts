// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are in another language
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { ContainerfileSyntaxError, parseContainerfile, syntaxDocument } from '../../../src/parser/index.js';
import { scanSource, sourceOffset } from '../../../src/parser/scan.js';
import { compareWithScan, readSyntaxTree } from '../../../src/parser/syntax-tree.js';
import { suite } from '../../support/suite.js';

/** Pieces that lines are made of where scanners go wrong. */
const PIECES = [
  ...['FROM scratch', 'RUN', 'COPY', 'ONBUILD', 'ENV', 'ARG', 'CMD', 'HEALTHCHECK', 'run', 'FOO', 'SHELL', 'LABEL', 'VOLUME', 'EXPOSE'],
  ...[' ', '  ', '\t', '\n', '\n', '\n', '\r\n', '\r', '\f', '\v', '\u00a0', '\ufeff', '\u2028'],
  ...['\\', '\\\n', '\\ \n', '`', '`\n', '\\\\\n', '\\\r\n'],
  ...['#', '# c', '# escape=`\n', '# syntax=x\n', '# a=b\n', '#\\\n'],
  ...['<<EOF', '<<-EOF', '<<"E"', '3<<E', '<< EOF', '<<', '<<<', 'EOF\n', '\nEOF\n', '\n\tEOF\n', '\nE\n'],
  ...[
    '"',
    "'",
    '[',
    ']',
    '["a","b"]',
    '["a", 1]',
    '{',
    '}',
    '$',
    '${',
    '$A',
    '${A:-b}',
    '=',
    'a=b',
    '--',
    '--x',
    '--from=a',
    '--mount=type=cache,target=/x',
  ],
  ...['a', 'b c', 'é', '😀', '\0', 'AS x', 'CMD', 'NONE'],
];

const textOfPieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join(''));
/** Lines that look like instructions, so that most of them are. */
const LINE_STARTS = ['RUN ', 'COPY ', 'ADD --link ', 'ONBUILD RUN ', 'ENV A=b ', 'CMD ', '  run ', '# ', '', '\t', 'EOF', 'E', '\tEOF'];
const line = fc
  .tuple(
    fc.constantFrom(...LINE_STARTS),
    fc.array(fc.constantFrom(...PIECES.filter((piece) => !piece.includes('\n')), ' ', ' \\'), { maxLength: 6 }),
  )
  .map(([start, pieces]) => start + pieces.join(''));
const textOfLines = fc.array(line, { maxLength: 12 }).map((lines) => `FROM scratch\n${lines.join('\n')}`);

const anyText = fc.oneof(
  { weight: 8, arbitrary: textOfLines },
  { weight: 5, arbitrary: textOfPieces },
  { weight: 3, arbitrary: textOfPieces.map((text) => `FROM scratch\n${text}`) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 80 }) },
);
const runs = { numRuns: 3000 };

suite('scanSource()', (test) => {
  test('masks without moving a character, and dockerfile-ast then sees the same instructions', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { instructions, ...scan } = scanSource({ name: 'f', text });
        const masked = scan.masked();
        assert.is(masked.length, text.length);
        assert.is(masked.split('\n').length, text.split('\n').length);
        assert.is(compareWithScan(readSyntaxTree(masked), instructions), undefined, JSON.stringify({ text, masked }));
      }),
      runs,
    );
  });

  test('maps every character of a logical line back to the same character of the source', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const instruction of scanSource({ name: 'f', text }).instructions) {
          for (const [index, character] of instruction.line.split('').entries()) {
            assert.is(text.charAt(sourceOffset(instruction, index)), character, JSON.stringify(text));
          }
        }
      }),
      runs,
    );
  });

  test('covers heredocs, comments and escapes in the mask, and nothing else', () => {
    const text = 'FROM a\nRUN x \\\n# c\n  <<E "y\\z"\nRUN b\nE\nUSER u\\\n';
    const expected = 'FROM a\nRUN x \\\n   \n  __E "y_z"\n     \n \nUSER u \n';
    assert.is(scanSource({ name: 'f', text }).masked(), expected);
  });
});

suite('syntaxDocument() on random text', (test) => {
  test('throws nothing, and has every instruction the scanner finds', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const source = { name: 'f', text };
        const { instructions } = syntaxDocument(source);
        assert.is(instructions.length, scanSource(source).instructions.length);
        for (const { startLine, endLine } of instructions) assert.ok(1 <= startLine && startLine <= endLine, JSON.stringify(text));
      }),
      { numRuns: 1000 },
    );
  });
});

suite('parseContainerfile() on random text', (test) => {
  test('throws nothing but ContainerfileSyntaxError, with a place inside the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          parseContainerfile({ name: 'f', text });
        } catch (error) {
          if (!(error instanceof ContainerfileSyntaxError)) throw error;
          const lines = text.split('\n');
          for (const { line, column } of error.errors) {
            assert.ok(line >= 1 && line <= lines.length, JSON.stringify(text));
            assert.ok(column >= 1 && column <= (lines[line - 1] ?? '').length + 1, JSON.stringify(text));
          }
        }
      }),
      runs,
    );
  });
});
