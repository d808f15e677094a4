import { suggest } from '../../suggest.js';
import { unsetNames } from '../names.js';
import type { Rule } from '../rule.js';

export const undefinedArgInFrom: Rule = {
  name: 'UndefinedArgInFrom',
  description: 'FROM uses only ARGs that are declared before the first FROM',
  page: 'undefined-arg-in-from',
  *check({ allStages, globals, declaredGlobals, containerfile }) {
    for (const { from } of allStages) {
      for (const name of unsetNames([from.image, from.platform ?? ''], globals, containerfile.directives.escape)) {
        if (declaredGlobals.has(name)) continue;
        const near = suggest(name, declaredGlobals);
        const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
        yield { message: `FROM argument '${name}' is not declared${hint}`, instruction: from, variable: name };
      }
    }
  },
};
