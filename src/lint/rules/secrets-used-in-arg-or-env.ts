import type { Rule } from '../rule.js';

export const secretsUsedInArgOrEnv: Rule = {
  name: 'SecretsUsedInArgOrEnv',
  description: 'No ARG or ENV is named like a secret: everybody who has the image can read its value',
  page: 'secrets-used-in-arg-or-env',
  *check({ stages }) {
    for (const instruction of stages.flatMap(({ instructions }) => instructions)) {
      const { keyword } = instruction;
      if (keyword !== 'ARG' && keyword !== 'ENV') continue;
      for (const { name } of keyword === 'ARG' ? instruction.args : instruction.pairs) {
        if (!SECRET.test(name) || HARMLESS.test(name)) continue;
        const message = `Do not use ARG or ENV instructions for sensitive data (${keyword} ${JSON.stringify(name)})`;
        yield { message, instruction, word: name };
      }
    }
  },
};

/** Words between underscores that make a name one of a secret, whatever their case, and those that make it harmless again. */
const SECRET = /(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const HARMLESS = /(?:^|_)(?:public|file|version)(?:_|$)/i;
