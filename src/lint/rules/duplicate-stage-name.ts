import type { Rule } from '../rule.js';

export const duplicateStageName: Rule = {
  name: 'DuplicateStageName',
  description: 'Every stage has a name of its own',
  page: 'duplicate-stage-name',
  *check({ allStages }) {
    const seen = new Set<string>();
    for (const { from } of allStages) {
      const name = from.stageName;
      if (name === undefined) continue;
      if (seen.has(name)) {
        const message = `Duplicate stage name ${JSON.stringify(name)}, stage names should be unique`;
        yield { message, instruction: from, word: from.writtenStageName };
      }
      seen.add(name);
    }
  },
};
