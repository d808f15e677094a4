import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { choiceKey, RememberedChoice } from '../../../../src/sandbox/network/remembered-choice.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const CHOICE = { kind: 'private', helper: 'pasta' } as const;

suite('RememberedChoice', (test) => {
  test('gives what was written, for a day', () =>
    withTempDir((directory) => {
      const file = join(directory, 'run/choice.json');
      const at = (time: number, key = 'k'): RememberedChoice => new RememberedChoice(file, key, () => time);
      assert.is(at(NOW).read(), undefined);
      at(NOW).write({ choice: CHOICE, unmeasured: false });
      assert.equal(at(NOW).read(), CHOICE);
      assert.equal(at(NOW + 23 * HOUR).read(), CHOICE);
      assert.is(at(NOW + 25 * HOUR).read(), undefined);
      // The clock was set back: it would last for ever.
      assert.is(at(NOW - HOUR).read(), undefined);
      assert.is(at(NOW, 'other').read(), undefined);
      assert.is(statSync(join(directory, 'run')).mode & 0o777, 0o700);
      assert.is(statSync(file).mode & 0o777, 0o600);
    }));

  test('an outcome with nothing to compare counts for minutes', () =>
    withTempDir((directory) => {
      const file = join(directory, 'choice.json');
      const at = (time: number): RememberedChoice => new RememberedChoice(file, 'k', () => time);
      at(NOW).write({ choice: CHOICE, unmeasured: true });
      assert.equal(at(NOW + 4 * 60_000).read(), CHOICE);
      assert.is(at(NOW + 6 * 60_000).read(), undefined);
    }));

  test('a damaged file, and a place that cannot be written to, cost nothing but the memory', () =>
    withTempDir((directory) => {
      const file = join(directory, 'choice.json');
      for (const text of ['', '{', 'null', '[]', '{"version":2}']) {
        writeFileSync(file, text);
        assert.is(new RememberedChoice(file, 'k', () => NOW).read(), undefined, text);
      }
      const nowhere = new RememberedChoice(join(file, 'below/a-file'), 'k', () => NOW);
      nowhere.write({ choice: CHOICE, unmeasured: false });
      assert.not(existsSync(join(file, 'below')));
      assert.is(readFileSync(file, 'utf8'), '{"version":2}');
    }));
});

suite('choiceKey()', (test) => {
  test('changes with the boot, the user, resolv.conf and the programs', () =>
    withTempDir((directory) => {
      const program = join(directory, 'pasta');
      writeFileSync(program, 'one');
      const facts = {
        bootId: 'b',
        uid: 1,
        resolvConf: 'nameserver 192.0.2.1\n',
        helpers: [{ name: 'pasta', program }],
        pastaOptions: [],
      } as const;
      const keys = [
        facts,
        { ...facts, bootId: 'c' },
        { ...facts, uid: 2 },
        { ...facts, resolvConf: '' },
        { ...facts, helpers: [{ name: 'pasta', program: undefined }] as const },
        { ...facts, helpers: [] },
        { ...facts, pastaOptions: ['--mtu', '1500'] },
      ].map(choiceKey);
      assert.is(choiceKey(facts), keys[0]);
      utimesSync(program, 1, 1);
      keys.push(choiceKey(facts));
      assert.is(new Set(keys).size, 8);
    }));
});
