import type { Rule } from '../rule.js';
import { startOf } from '../walk-stage.js';

export const workdirRelativePath: Rule = {
  name: 'WorkdirRelativePath',
  description: 'The first WORKDIR is absolute: where a relative one leads depends on the base image',
  page: 'workdir-relative-path',
  *check(file) {
    for (const stage of file.stages) {
      let { hasWorkdir } = startOf(file, stage);
      for (const { instruction, expand } of file.walk(stage).instructions) {
        if (instruction.keyword !== 'WORKDIR') continue;
        const path = expand(instruction.path);
        if (!hasWorkdir && !path.startsWith('/')) {
          const message = `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`;
          yield { message, instruction, word: instruction.path };
        }
        hasWorkdir = true;
      }
    }
  },
};
