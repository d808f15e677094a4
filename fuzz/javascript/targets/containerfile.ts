import { parseContainerfile } from '../../../src/parser/index.js';
import { demand, type FuzzTarget } from '../target.js';

export const containerfile: FuzzTarget = {
  name: 'containerfile',
  words: [
    'FROM ',
    'RUN ',
    'COPY ',
    'ADD ',
    'ARG ',
    'ENV ',
    '--mount=type=',
    '--from=',
    '<<EOF',
    'EOF\n',
    '["sh", "-c"]',
    '\\\n',
    '# escape=`\n',
    '# syntax=x\n',
    '$',
    '{A:-b}',
    '"',
    "'",
    'ONBUILD ',
    'HEALTHCHECK ',
  ],
  run(input) {
    const { instructions } = parseContainerfile({ name: 'Containerfile', text: input.toString('utf8') });
    let end = 0;
    for (const { range } of instructions) {
      demand(range.startLine >= 1 && range.endLine >= range.startLine, 'an instruction without lines');
      demand(range.startLine > end, 'two instructions on one line');
      end = range.endLine;
    }
    return instructions
      .map(({ keyword }) => keyword)
      .join()
      .slice(0, 60);
  },
};
