import type { Rule } from '../rule.js';

export const invalidBaseImagePlatform: Rule = {
  name: 'InvalidBaseImagePlatform',
  description: 'The base image is for the processor and system that were asked for',
  page: 'invalid-base-image-platform',
  *check({ stages, facts }) {
    for (const { index, from, base } of stages) {
      const other = base.kind === 'image' ? facts.base(index)?.otherPlatform : undefined;
      if (other === undefined) continue;
      const { actual, expected } = other;
      const message = `Base image ${from.image} was pulled with platform ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)} for current build`;
      yield { message, instruction: from, word: from.image };
    }
  },
};
