import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { fuzz, readCorpus } from '../../../fuzz/javascript/fuzz.js';
import { mutate, Random } from '../../../fuzz/javascript/mutate.js';
import { demand, type FuzzTarget } from '../../../fuzz/javascript/target.js';
import { TARGETS } from '../../../fuzz/javascript/targets.js';
import { packageFile } from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const corpus = packageFile('fuzz/corpus');
const NATIVE = ['gunzip', 'layer', 'plan', 'tar'];

suite('fuzz targets in TypeScript', (test) => {
  test('every folder of the corpus has a target, and every target seeds', () => {
    assert.equal(readdirSync(corpus).sort(), [...NATIVE, ...TARGETS.map(({ name }) => name)].sort());
  });

  for (const target of TARGETS) {
    test(`${target.name}: the corpus and two thousand mutations of it`, () => {
      const { executions, outcomes } = fuzz(target, readCorpus(corpus, target.name), { executions: 2000, seed: 7 });
      assert.is(executions, 2000);
      assert.ok(outcomes > 5, `only ${outcomes} outcomes`);
    });
  }

  test('a fault is found, and reported with the input that shows it', async () => {
    const target: FuzzTarget = {
      name: 'faulty',
      words: ['boom'],
      run: (input) => {
        demand(!input.includes('boom'), 'it went off');
        return String(input.length);
      },
    };
    const error = await rejects(() => fuzz(target, [Buffer.from('seed')], { executions: 10_000, seed: 1 }), {
      message: /^faulty: Error: it went off/,
    });
    assert.ok((error as unknown as { input: Buffer }).input.includes('boom'));
  });

  test('the same seed gives the same mutations', () => {
    const run = (): string[] => {
      const random = new Random(42);
      return Array.from({ length: 50 }, () => mutate(Buffer.from('FROM scratch'), Buffer.from('other'), ['word'], random).toString('hex'));
    };
    assert.equal(run(), run());
  });

  test('native targets have seeds', () => {
    for (const name of NATIVE) assert.ok(readdirSync(join(corpus, name)).length >= 5, name);
  });
});
