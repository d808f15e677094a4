import type { Instruction } from '../../parser/index.js';
import type { Rule } from '../rule.js';

export const nonPortableReference: Rule = {
  name: 'NonPortableReference',
  description: 'What names a stage works in other builders too',
  *check({ allStages }) {
    for (const { from, instructions, base } of allStages) {
      if (from.stageName?.includes('/') === true) {
        yield {
          message: `The stage name '${from.stageName}' holds a slash, which BuildKit refuses`,
          instruction: from,
          word: from.writtenStageName,
        };
      }
      if (base.kind === 'stage' && /^\d+$/.test(from.image)) {
        yield {
          message: `FROM names stage ${from.image} by its number, which BuildKit takes for an image`,
          instruction: from,
          word: from.image,
        };
      }
      for (const instruction of instructions) {
        for (const name of sourceNames(instruction)) {
          if (!name.includes('$')) continue;
          yield { message: `The source '${name}' holds a variable, which BuildKit refuses`, instruction, word: name };
        }
      }
    }
  },
};

function sourceNames(instruction: Instruction): readonly string[] {
  if (instruction.keyword === 'COPY') return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.keyword !== 'RUN') return [];
  return instruction.mounts.flatMap(({ fields }) =>
    fields.flatMap(({ key, value }) => (key === 'from' && value !== undefined ? [value] : [])),
  );
}
