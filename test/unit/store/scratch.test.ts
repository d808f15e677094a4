import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.js';
import { withStore } from './with-store.js';

suite('Scratch.trash()', (test) => {
  test('moves what has something in it, removes what is empty, and minds nothing that is gone', () =>
    withStore(async (store, directory) => {
      const trash = join(directory, 'root/trash');
      const [full, empty, file] = [join(directory, 'full'), join(directory, 'empty'), join(directory, 'file')];
      mkdirSync(join(full, 'inside'), { recursive: true });
      mkdirSync(empty);
      writeFileSync(file, 'bytes');
      for (const path of [full, empty, file, join(directory, 'nothing')]) store.scratch.trash(path);
      assert.equal(
        readdirSync(directory).filter((name) => name !== 'root'),
        [],
      );
      assert.equal(
        readdirSync(trash, { withFileTypes: true })
          .map((entry) => entry.isDirectory())
          .sort(),
        [false, true],
      );
      await store.close();
      assert.equal(readdirSync(trash), []);
    }));
});
