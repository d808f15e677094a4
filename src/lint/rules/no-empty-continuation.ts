import { lineStarts } from '../../parser/index.js';
import type { Rule } from '../rule.js';

export const noEmptyContinuation: Rule = {
  name: 'NoEmptyContinuation',
  description: 'No blank line stands inside an instruction: a later version of the language may refuse it',
  page: 'no-empty-continuation',
  tolerant: true,
  *check({ containerfile }) {
    const { source, instructions, emptyContinuations } = containerfile;
    const starts = lineStarts(source.text);
    for (const line of emptyContinuations) {
      const start = starts[line - 1] ?? 0;
      const range = { startLine: line, endLine: line, start, end: start };
      const instruction = instructions.find(({ range: { startLine, endLine } }) => startLine <= line && line <= endLine);
      yield { message: 'Empty continuation line', instruction, range };
    }
  },
};
