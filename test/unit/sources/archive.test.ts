import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { unpackArchive } from '../../../src/sources/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const BLOCK = 512;

/** A tar header for a file of zeros, as POSIX ustar has it; its content is what follows. */
function zeroFile(sizeBytes: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write('zeros', 0);
  header.write('0000644\0', 100);
  header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124);
  header.write('0', 156);
  header.write('ustar\0' + '00', 257);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.alloc(sizeBytes + 2 * BLOCK)]);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

suite('sources/archive', (test) => {
  const signal = new AbortController().signal;

  test('unpackArchive() stops at its limit, however small the archive is', () =>
    withTempDir(async (directory) => {
      const bomb = gzipSync(zeroFile(64 * 2 ** 20));
      assert.ok(bomb.length < 2 ** 17);
      const target = join(directory, 'target');
      mkdirSync(target);
      const options = { name: 'bomb.tgz', head: bomb.subarray(0, 65536), directory: target, signal };
      await rejects(unpackArchive({ ...options, bytes: once(bomb), limitBytes: 2 ** 20 }), {
        code: 'ARCHIVE_INVALID',
        message: /it holds more than 1048576 bytes/,
      });
      assert.is(await unpackArchive({ ...options, bytes: once(bomb), limitBytes: 2 ** 27 }), true);
      assert.equal(readdirSync(target), ['zeros']);
    }));

  test('unpackArchive() reads nothing of what is no archive', () =>
    withTempDir(async (directory) => {
      const text = Buffer.from('FROM scratch\n');
      const source = { name: 'x', head: text, bytes: once(text), directory, limitBytes: 10, signal };
      assert.is(await unpackArchive(source), false);
      assert.equal(readdirSync(directory), []);
    }));
});
