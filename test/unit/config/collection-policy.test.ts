import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { DEFAULT_COLLECTION_POLICY, readCollectionPolicy } from '../../../src/config/collection-policy.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

function write(directory: string, text: string): void {
  mkdirSync(join(directory, 'tsbuild'), { recursive: true });
  writeFileSync(join(directory, 'tsbuild', 'tsbuild.toml'), text);
}

suite('readCollectionPolicy()', (test) => {
  test('without files the defaults; the user wins over the system, key by key', () =>
    withTempDir(async (directory) => {
      const [system, user] = [join(directory, 'etc'), join(directory, 'home')];
      assert.equal(await readCollectionPolicy({ configHome: user }, system), DEFAULT_COLLECTION_POLICY);
      write(system, '[collection]\nautomatic = false\nunused = "7d"\n');
      write(user, '[collection]\nkeep = "1GB"\nunused = "48h"\n');
      assert.equal(await readCollectionPolicy({ configHome: user }, system), { automatic: false, keep: ['1GB'], unused: '48h' });
      assert.equal(await readCollectionPolicy({ configHome: undefined }, system), {
        automatic: false,
        keep: ['20%', '50GB'],
        unused: '7d',
      });
    }));

  const bad = [
    '[collection',
    '[collection]\nautomatic = "yes"',
    '[collection]\ncolour = "red"',
    'collection = 3',
    '[collection]\nkeep = [1]',
  ];
  for (const text of bad) {
    test(`${JSON.stringify(text)} is refused, and the file is named`, () =>
      withTempDir(async (directory) => {
        write(directory, text);
        await rejects(readCollectionPolicy({ configHome: directory }, join(directory, 'none')), {
          code: 'SETTINGS_INVALID',
          message: /tsbuild\.toml/,
        });
      }));
  }
});
