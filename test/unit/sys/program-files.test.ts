import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { nativeFile, packageFile, workerFile } from '../../../src/sys/index.js';
import { suite } from '../../support/suite.js';

suite('sys program files', (test) => {
  test('lie in dist/ of the folder tsbuild is in, not of the build folder', () => {
    const folder = dirname(packageFile('package.json'));
    assert.is(nativeFile('x'), join(folder, 'dist/native/x'));
    assert.is(workerFile(), join(folder, 'dist/layer-worker.cjs'));
    assert.ok(existsSync(join(folder, 'dist')));
    assert.ok(readFileSync(packageFile('package.json'), 'utf8').includes('"type"'));
  });
});
