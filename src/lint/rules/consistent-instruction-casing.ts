import type { Rule } from '../rule.js';

export const consistentInstructionCasing: Rule = {
  name: 'ConsistentInstructionCasing',
  description: 'All instructions of a file are written in the same case',
  page: 'consistent-instruction-casing',
  *check({ allStages }) {
    const all = allStages.flatMap(({ from, instructions }) => [from, ...instructions]);
    const count = (change: (word: string) => string): number =>
      all.filter(({ writtenKeyword }) => writtenKeyword === change(writtenKeyword)).length;
    const lower = count((word) => word.toLowerCase()) > count((word) => word.toUpperCase());
    for (const instruction of all) {
      const word = instruction.writtenKeyword;
      if (word === (lower ? word.toLowerCase() : word.toUpperCase())) continue;
      const majority = lower ? 'lowercase' : 'uppercase';
      yield { message: `Command '${word}' should match the case of the command majority (${majority})`, instruction };
    }
  },
};
