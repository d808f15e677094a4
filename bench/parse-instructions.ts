import { parseContainerfile } from '../src/parser/index.js';
import { median } from './support/measure.js';
import type { Result } from './support/report.js';

const ROUNDS = 9;
const COUNT = 10_000;

const INSTRUCTIONS = [
  'RUN apt-get update && apt-get install -y a b c \\\n  && rm -rf /var/lib/apt',
  'COPY --from=tools --chown=1:2 a b /dst/',
  'ENV A=1 B="two words" C=$A',
  'RUN <<EOF\necho hi\nEOF',
  'LABEL a=b',
  'ARG X=1',
  'CMD ["a","b"]',
  'EXPOSE 80 443',
  'WORKDIR /x',
  'RUN --mount=type=cache,target=/c true',
];

/** Ten thousand instructions of every kind, in a process that has parsed before. */
export async function parseInstructions(): Promise<Result[]> {
  const lines = Array.from({ length: COUNT }, (_, index) => INSTRUCTIONS[index % INSTRUCTIONS.length]);
  const source = { name: 'Containerfile', text: `FROM scratch AS tools\nFROM scratch\n${lines.join('\n')}\n` };
  parseContainerfile(source);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    parseContainerfile(source);
    times.push(performance.now() - start);
  }
  return [{ work: `${COUNT} instructions parsed`, unit: 'ms', ours: median(times), goal: '<= 200 ms' }];
}
