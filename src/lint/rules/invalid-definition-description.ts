import { parseDirective } from '../../parser/index.js';
import type { Rule } from '../rule.js';

export const invalidDefinitionDescription: Rule = {
  name: 'InvalidDefinitionDescription',
  description: 'A comment right above ARG or FROM describes it, and begins with its name',
  page: 'invalid-definition-description',
  experimental: true,
  tolerant: true,
  *check({ containerfile }) {
    for (const instruction of containerfile.instructions) {
      const { keyword } = instruction;
      const names = keyword === 'ARG' ? instruction.args.map(({ name }) => name) : keyword === 'FROM' ? [instruction.stageName ?? ''] : [];
      const comment = instruction.comments.at(-1) ?? '';
      const [first = ''] = comment.split(' ');
      // An empty comment keeps another one apart; one with `# check=` is none.
      if (first === '' || parseDirective(`#${comment}`) !== undefined) continue;
      if (names.length === 0 || names[0] === '' || names.includes(first)) continue;
      const shown = names.length > 1 ? '<arg_key>' : names[0];
      yield { message: `Comment for ${keyword} should follow the format: \`# ${shown} <description>\``, instruction };
    }
  },
};
