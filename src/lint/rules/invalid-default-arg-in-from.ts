import { expansion } from '../names.js';
import type { Rule } from '../rule.js';

export const invalidDefaultArgInFrom: Rule = {
  name: 'InvalidDefaultArgInFrom',
  description: 'FROM names an image even if no --build-arg is given',
  page: 'invalid-default-arg-in-from',
  *check({ allStages, defaultGlobals, containerfile, facts }) {
    for (const { from } of allStages) {
      if (!from.image.includes('$')) continue;
      const expanded = expansion(from.image, defaultGlobals, containerfile.directives.escape);
      if (expanded === undefined || facts.isImageName(expanded.text)) continue;
      const message = `Default value for ARG ${from.image} results in empty or invalid base image name`;
      yield { message, instruction: from, word: from.image };
    }
  },
};
