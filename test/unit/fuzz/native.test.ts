import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { packageFile } from '../../../src/sys/index.js';
import { skip, suite } from '../../support/suite.js';

const TARGETS = ['plan', 'tar', 'layer', 'gunzip'];

suite('fuzz targets of the native part, with sanitizers', (test) => {
  for (const target of TARGETS) {
    test(`${target}: the corpus is replayed without a finding`, () => {
      const program = packageFile(`build/fuzz/replay-${target}`);
      const folder = packageFile(`fuzz/corpus/${target}`);
      // Root's run comes first and builds for the others, who may not write to the checkout.
      if (process.getuid?.() === 0) execFileSync('make', ['-s', '-j2', '-C', packageFile('fuzz/native'), 'replay'], { stdio: 'pipe' });
      else if (!existsSync(program)) skip('root builds the targets, and has not');
      const files = readdirSync(folder).map((name) => join(folder, name));
      const { status, stdout, stderr } = spawnSync(program, files, { encoding: 'utf8' });
      assert.is(status, 0, stderr);
      assert.is(stdout, `${files.length} inputs, no finding\n`);
    });
  }
});
