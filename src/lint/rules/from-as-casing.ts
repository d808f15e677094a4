import type { Rule } from '../rule.js';

export const fromAsCasing: Rule = {
  name: 'FromAsCasing',
  description: 'FROM and its AS are written in the same case',
  page: 'from-as-casing',
  tolerant: true,
  *check({ allStages }) {
    for (const { from } of allStages) {
      const keyword = from.writtenKeyword;
      const as = from.writtenStageName === undefined ? undefined : from.text.split(/[\t\v\f\r ]+/).at(-2);
      // A keyword in mixed case is told by another rule.
      if (as === undefined || (keyword !== keyword.toLowerCase() && keyword !== keyword.toUpperCase())) continue;
      const wanted = keyword === keyword.toLowerCase() ? as.toLowerCase() : as.toUpperCase();
      if (as !== wanted) {
        yield { message: `'${as}' and '${keyword}' keywords' casing do not match`, instruction: from, word: ` ${as} ` };
      }
    }
  },
};
