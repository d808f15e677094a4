import type { Rule } from '../rule.js';

export const stageNameCasing: Rule = {
  name: 'StageNameCasing',
  description: 'The name of a stage is written in lower case',
  page: 'stage-name-casing',
  tolerant: true,
  *check({ allStages }) {
    for (const { from } of allStages) {
      const name = from.writtenStageName;
      if (name !== undefined && name !== name.toLowerCase()) {
        yield { message: `Stage name '${name}' should be lowercase`, instruction: from, word: name };
      }
    }
  },
};
