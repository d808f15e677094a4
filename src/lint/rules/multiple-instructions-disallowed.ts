import type { Instruction } from '../../parser/index.js';
import type { Rule } from '../rule.js';

export const multipleInstructionsDisallowed: Rule = {
  name: 'MultipleInstructionsDisallowed',
  description: 'A stage has one CMD, one ENTRYPOINT and one HEALTHCHECK: only the last counts',
  page: 'multiple-instructions-disallowed',
  *check({ stages }) {
    for (const { instructions } of stages) {
      const last = new Map<string, Instruction>();
      for (const instruction of instructions) {
        const { keyword } = instruction;
        if (keyword !== 'CMD' && keyword !== 'ENTRYPOINT' && keyword !== 'HEALTHCHECK') continue;
        const earlier = last.get(keyword);
        if (earlier !== undefined) {
          const message = `Multiple ${instruction.writtenKeyword} instructions should not be used in the same stage because only the last one will be used`;
          // The one that has no effect.
          yield { message, instruction: earlier };
        }
        last.set(keyword, instruction);
      }
    }
  },
};
