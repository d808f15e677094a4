// Usage: main.js CORPUS FINDINGS SECONDS [TARGET...]: fuzzes each target for so long; a finding is written to a file and ends it with 1.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Finding, fuzz, readCorpus } from './fuzz.js';
import { TARGETS } from './targets.js';

const [corpus = '', findings = '', seconds = '10', ...names] = process.argv.slice(2);
for (const target of TARGETS.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const end = Date.now() + Number(seconds) * 1000;
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 0x7fffffff);
  try {
    const stop = (): boolean => Date.now() >= end;
    const { executions, outcomes } = fuzz(target, readCorpus(corpus, target.name), { executions: Number.MAX_SAFE_INTEGER, stop, seed });
    console.log(`${target.name}: ${executions} executions, ${outcomes} outcomes, no finding (seed ${seed})`);
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    const file = join(findings, `${target.name}-${createHash('sha256').update(error.input).digest('hex').slice(0, 16)}`);
    mkdirSync(findings, { recursive: true });
    writeFileSync(file, error.input);
    console.error(`FINDING ${file}\n${error.message}`);
    process.exitCode = 1;
  }
}
