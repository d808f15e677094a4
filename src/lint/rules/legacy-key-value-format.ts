import type { Rule } from '../rule.js';

export const legacyKeyValueFormat: Rule = {
  name: 'LegacyKeyValueFormat',
  description: 'ENV and LABEL are written with =',
  page: 'legacy-key-value-format',
  *check({ stages }) {
    for (const instruction of stages.flatMap(({ instructions }) => instructions)) {
      if ((instruction.keyword !== 'ENV' && instruction.keyword !== 'LABEL') || !instruction.legacy) continue;
      const word = instruction.writtenKeyword;
      yield { message: `"${word} key=value" should be used instead of legacy "${word} key value" format`, instruction };
    }
  },
};
