import type { Rule } from '../rule.js';

export const reservedStageName: Rule = {
  name: 'ReservedStageName',
  description: 'No stage is called scratch or context, which mean something else',
  page: 'reserved-stage-name',
  *check({ allStages }) {
    for (const { from } of allStages) {
      if (from.stageName !== 'scratch' && from.stageName !== 'context') continue;
      const message = `Stage name should not use the same name as reserved stage ${JSON.stringify(from.stageName)}`;
      yield { message, instruction: from };
    }
  },
};
