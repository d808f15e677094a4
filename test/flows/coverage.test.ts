import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { COMMANDS } from '../../src/commands/program/command-table.js';
import { suite } from '../support/suite.js';
import { readFlows } from './flow.js';

suite('flows/coverage', (test) => {
  const texts = readFlows().map(({ path }) => readFileSync(path, 'utf8'));

  for (const { name, aliases } of COMMANDS) {
    test(`some flow calls ${name}`, () => {
      // After global flags, if any.
      const call = new RegExp(`\\$B(?: -\\S+)* (?:${[name, ...aliases].join('|')})(?![\\w-])`, 'm');
      assert.ok(texts.some((text) => call.test(text)));
    });
  }
});
