import { closeSync, constants, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type FenceProbe, probeFence } from '../../../src/sys/index.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

/** Landlock of this version allows hard links between directories, which extracting takes. */
const LEAST_VERSION = 2;

async function probe(inside: string, outside: string): Promise<FenceProbe> {
  const fds = [inside, outside].map((path) => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  try {
    return await probeFence(fds[0]!, fds[1]!);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

suite('sys/fence', (test) => {
  test('a fenced thread and one that it starts make files in their directory and nowhere else', async () => {
    await withTempDir(async (dir) => {
      for (const name of ['inside', 'outside']) mkdirSync(join(dir, name));
      const { version, holds } = await probe(join(dir, 'inside'), join(dir, 'outside'));
      for (const name of ['inside', 'outside']) assert.equal(readdirSync(join(dir, name)), []);
      if (version < LEAST_VERSION) return skip(`this kernel has Landlock version ${version}`);
      assert.ok(holds);
    });
  });

  test('what is no fence is told from one: a directory inside is open', async () => {
    await withTempDir(async (dir) => {
      mkdirSync(join(dir, 'inside/deeper'), { recursive: true });
      const { holds } = await probe(join(dir, 'inside'), join(dir, 'inside/deeper'));
      assert.not(holds);
      assert.equal(readdirSync(join(dir, 'inside')), ['deeper']);
      assert.equal(readdirSync(join(dir, 'inside/deeper')), []);
    });
  });
});
