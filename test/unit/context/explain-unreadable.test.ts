import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openContext } from '../../../src/context/index.js';
import { rejects } from '../../support/rejects.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

suite('context/explain-unreadable', (test) => {
  for (const [what, locked, source, named] of [
    ['a file', 'd/f', 'd/f', 'd/f'],
    ['a file in a directory', 'd/f', 'd', 'd/f'],
    ['a directory', 'd', 'd', 'd'],
    ['a directory in the context', 'd', '.', 'd'],
    ['a directory in a directory', 'd/e', 'd', 'd/e'],
    ['the directory of a file', 'd', 'd/f', 'd/f'],
  ] as const) {
    test(`${what} that this user may not read is named with the context`, async () => {
      if (process.getuid?.() === 0) skip('root may read everything');
      await withTempDir(async (directory) => {
        const root = join(directory, 'context');
        mkdirSync(join(root, 'd/e'), { recursive: true });
        writeFileSync(join(root, 'd/f'), 'x');
        chmodSync(join(root, locked), 0);
        const context = await openContext({ directory: root, statCacheDirectory: join(directory, 'cache') });
        try {
          await rejects(() => context.digest([source]), {
            code: 'SOURCE_UNREADABLE',
            message: new RegExp(`^"${named}": permission denied in the build context "/`),
          });
        } finally {
          chmodSync(join(root, locked), 0o700);
          await context.close();
        }
      });
    });
  }
});
