import type { Rule } from '../rule.js';

export const exposeProtoCasing: Rule = {
  name: 'ExposeProtoCasing',
  description: 'The protocol of EXPOSE is written in lower case',
  page: 'expose-proto-casing',
  *check(file) {
    for (const { instruction, expand } of file.stages.flatMap((stage) => file.walk(stage).instructions)) {
      if (instruction.keyword !== 'EXPOSE') continue;
      for (const written of instruction.ports) {
        for (const port of expand(written).split(' ')) {
          const protocol = port.split('/')[1] ?? '';
          if (protocol === protocol.toLowerCase()) continue;
          yield { message: `Defined protocol '${port}' in EXPOSE instruction should be lowercase`, instruction, word: written };
        }
      }
    }
  },
};
