import { expansion } from '../names.js';
import type { Rule } from '../rule.js';

export const redundantTargetPlatform: Rule = {
  name: 'RedundantTargetPlatform',
  description: 'FROM --platform=$TARGETPLATFORM says what is the case anyway',
  page: 'redundant-target-platform',
  *check({ allStages, globals, containerfile }) {
    for (const { from } of allStages) {
      if (from.platform === undefined) continue;
      const expanded = expansion(from.platform, globals, containerfile.directives.escape);
      if (expanded?.names.size !== 1 || !expanded.names.has('TARGETPLATFORM')) continue;
      if (expanded.text !== globals.get('TARGETPLATFORM')) continue;
      const message = `Setting platform to predefined ${from.platform} in FROM is redundant as this is the default behavior`;
      yield { message, instruction: from, word: '--platform' };
    }
  },
};
