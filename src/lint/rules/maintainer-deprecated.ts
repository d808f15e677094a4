import type { Rule } from '../rule.js';

export const maintainerDeprecated: Rule = {
  name: 'MaintainerDeprecated',
  description: 'MAINTAINER is out of use: the label org.opencontainers.image.authors says the same',
  page: 'maintainer-deprecated',
  tolerant: true,
  *check({ containerfile }) {
    for (const instruction of containerfile.instructions) {
      if (instruction.keyword === 'MAINTAINER') {
        yield { message: 'Maintainer instruction is deprecated in favor of using label', instruction };
      }
    }
  },
};
