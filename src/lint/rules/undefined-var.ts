import { suggest } from '../../suggest.js';
import type { Rule } from '../rule.js';

export const undefinedVar: Rule = {
  name: 'UndefinedVar',
  description: 'A variable is set before it is used',
  page: 'undefined-var',
  *check(file) {
    for (const stage of file.stages) {
      for (const { instruction, name, set } of file.walk(stage).unsetUses) {
        const near = suggest(name, set);
        const hint = near === undefined ? '' : ` (did you mean $${near}?)`;
        yield { message: `Usage of undefined variable '$${name}'${hint}`, instruction, variable: name };
      }
    }
  },
};
