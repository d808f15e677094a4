import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { TreeSizes } from '../../../src/store/tree-size.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

suite('TreeSizes', (test) => {
  test('a file with links in two trees is counted once, and is held elsewhere while a third link exists', () =>
    withTempDir(async (directory) => {
      const [one, two, outside] = ['one', 'two', 'outside'].map((name) => join(directory, name));
      for (const path of [one, two, outside]) mkdirSync(path!);
      writeFileSync(join(one!, 'a'), 'x'.repeat(1000));
      linkSync(join(one!, 'a'), join(two!, 'a'));
      writeFileSync(join(two!, 'b'), 'y'.repeat(10));
      symlinkSync('abc', join(two!, 'c'));
      const sizes = new TreeSizes();
      assert.is(await sizes.add(one!), 1000);
      assert.is(await sizes.add(two!), 13);
      assert.is(sizes.heldElsewhere, 0);

      linkSync(join(one!, 'a'), join(outside!, 'a'));
      const others = new TreeSizes();
      await others.add(one!);
      await others.add(two!);
      assert.is(others.heldElsewhere, 1000);
    }));

  test('what is not there has no size', () =>
    withTempDir(async (directory) => {
      assert.is(await new TreeSizes().add(join(directory, 'missing')), 0);
    }));
});
