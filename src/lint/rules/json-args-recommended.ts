import type { Rule } from '../rule.js';
import { startOf } from '../walk-stage.js';

export const jsonArgsRecommended: Rule = {
  name: 'JSONArgsRecommended',
  description: 'CMD and ENTRYPOINT are given in JSON form: a shell in between does not pass signals on',
  page: 'json-args-recommended',
  *check(file) {
    for (const stage of file.stages) {
      let { hasShell } = startOf(file, stage);
      for (const instruction of stage.instructions) {
        if (instruction.keyword === 'SHELL') hasShell = true;
        if (instruction.keyword !== 'CMD' && instruction.keyword !== 'ENTRYPOINT') continue;
        // Who chooses a shell wants it.
        if (instruction.command.form === 'exec' || hasShell) continue;
        const { writtenKeyword } = instruction;
        const message = `JSON arguments recommended for ${writtenKeyword} to prevent unintended behavior related to OS signals`;
        yield { message, instruction };
      }
    }
  },
};
