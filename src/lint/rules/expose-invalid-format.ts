import type { Rule } from '../rule.js';

export const exposeInvalidFormat: Rule = {
  name: 'ExposeInvalidFormat',
  description: 'EXPOSE names ports of the container: addresses and ports of the host mean nothing there',
  page: 'expose-invalid-format',
  *check(file) {
    for (const { instruction, expand } of file.stages.flatMap((stage) => file.walk(stage).instructions)) {
      if (instruction.keyword !== 'EXPOSE') continue;
      for (const written of instruction.ports) {
        for (const port of expand(written).split(' ')) {
          const before = port.slice(0, Math.max(0, port.lastIndexOf(':')));
          if (before.replaceAll(':', '') === '') continue;
          const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`;
          yield { message, instruction, word: written };
        }
      }
    }
  },
};
