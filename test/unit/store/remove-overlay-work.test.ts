import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { removeOverlayWork } from '../../../src/store/remove-overlay-work.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

suite('removeOverlayWork()', (test) => {
  test('removes what the kernel leaves of a volatile mount', () =>
    withTempDir(async (directory) => {
      const work = join(directory, 'w');
      mkdirSync(join(work, 'work/incompat/volatile'), { recursive: true });
      writeFileSync(join(work, 'work/incompat/volatile/dirty'), '');
      assert.is(removeOverlayWork(work), true);
      assert.is(existsSync(work), false);
    }));

  test('removes one that was never mounted', () =>
    withTempDir(async (directory) => {
      mkdirSync(join(directory, 'w'));
      assert.is(removeOverlayWork(join(directory, 'w')), true);
      assert.is(existsSync(join(directory, 'w')), false);
    }));

  test('leaves what a killed command left in it', () =>
    withTempDir(async (directory) => {
      mkdirSync(join(directory, 'w/work'), { recursive: true });
      writeFileSync(join(directory, 'w/work/#1f'), 'half copied');
      assert.is(removeOverlayWork(join(directory, 'w')), false);
      assert.is(existsSync(join(directory, 'w/work/#1f')), true);
    }));
});
