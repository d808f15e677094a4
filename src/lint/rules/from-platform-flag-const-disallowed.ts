import { expansion } from '../names.js';
import type { Rule } from '../rule.js';

export const fromPlatformFlagConstDisallowed: Rule = {
  name: 'FromPlatformFlagConstDisallowed',
  description: 'FROM --platform is no constant, unless the name of the stage says so',
  page: 'from-platform-flag-const-disallowed',
  *check({ allStages, globals, containerfile, facts }) {
    for (const { from } of allStages) {
      if (from.platform === undefined) continue;
      const expanded = expansion(from.platform, globals, containerfile.directives.escape);
      if (expanded === undefined || expanded.names.size > 0) continue;
      const platform = facts.parsePlatform(expanded.text);
      const name = from.stageName ?? '';
      if (platform === undefined || name.includes(platform.os) || name.includes(platform.architecture)) continue;
      const message = `FROM --platform flag should not use constant value ${JSON.stringify(expanded.text)}`;
      yield { message, instruction: from, word: '--platform' };
    }
  },
};
