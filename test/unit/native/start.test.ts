import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { nativeFile } from '../../../src/sys/index.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

interface FileMaps {
  text(path?: unknown): string | undefined;
  bytes(path?: unknown): Uint8Array | undefined;
}

function load(): FileMaps {
  const module = { exports: {} as FileMaps };
  process.dlopen(module, nativeFile('tsbuild-start.node'));
  return module.exports;
}

suite('native/start', (test) => {
  test('text() and bytes() give a file as it stands', async () => {
    const { text, bytes } = load();
    await withTempDir((directory) => {
      const file = join(directory, 'file');
      // More than a page, and every value a byte can have.
      const content = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 256));
      writeFileSync(file, content);
      assert.is(text(file), content.toString('latin1'));
      assert.equal(Buffer.from(bytes(file) ?? []), content);
    });
  });

  test('what was given stays when another file takes its place', async () => {
    const { text, bytes } = load();
    await withTempDir((directory) => {
      const file = join(directory, 'file');
      const old = 'a'.repeat(5000);
      writeFileSync(file, old);
      const given = text(file);
      const data = bytes(file);
      writeFileSync(`${file}.new`, 'b');
      renameSync(`${file}.new`, file);
      assert.is(given, old);
      assert.is(Buffer.from(data ?? []).toString(), old);
      assert.is(text(file), 'b');
    });
  });

  test('end() ends the process with that status, before anything else is done', () => {
    const script = `
      const module = { exports: {} };
      process.dlopen(module, ${JSON.stringify(nativeFile('tsbuild-start.node'))});
      process.once('exit', () => module.exports.end(3));
      process.once('exit', () => console.log('late'));
      process.exit(4);`;
    const { status, stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    assert.equal([status, stdout], [3, '']);
  });

  test('what cannot be mapped is undefined', async () => {
    const { text, bytes } = load();
    await withTempDir((directory) => {
      writeFileSync(join(directory, 'empty'), '');
      mkdirSync(join(directory, 'folder'));
      const paths = [join(directory, 'empty'), join(directory, 'folder'), join(directory, 'absent'), '/proc/self/status', 5, undefined];
      for (const path of paths) {
        assert.is(text(path), undefined, `text(${path})`);
        assert.is(bytes(path), undefined, `bytes(${path})`);
      }
    });
  });
});
