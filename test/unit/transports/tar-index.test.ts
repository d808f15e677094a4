import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openTarIndex, type TarIndex } from '../../../src/transports/tar-index.js';
import { rejects } from '../../support/rejects.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';
import { tarOf } from '../store/sample-image.js';

async function textOf(index: TarIndex, name: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of index.open(name)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

suite('tar index', (test) => {
  for (const format of ['gnu', 'pax', 'ustar', 'v7']) {
    test(`reads what GNU tar writes as ${format}`, () =>
      withTempDir(async (directory) => {
        const deep = `${'d'.repeat(60)}/${'e'.repeat(60)}`;
        const long = format === 'v7' ? 'short' : `${deep}/name`;
        mkdirSync(join(directory, 'in', deep), { recursive: true });
        writeFileSync(join(directory, 'in', 'empty'), '');
        writeFileSync(join(directory, 'in', 'plain'), 'plain text');
        writeFileSync(join(directory, 'in', long), 'long');
        symlinkSync('../plain', join(directory, 'in', 'd'.repeat(60), 'link'));
        const file = join(directory, 'a.tar');
        const names = ['./empty', 'plain', long, `${'d'.repeat(60)}/link`];
        const { status, error } = spawnSync('tar', ['-C', join(directory, 'in'), `--format=${format}`, '-cf', file, ...names]);
        if (error !== undefined) skip('tar is not installed');
        assert.is(status, 0);
        const index = await openTarIndex(file);
        assert.is(await textOf(index, 'plain'), 'plain text');
        assert.is(await textOf(index, '/./plain'), 'plain text');
        assert.is(await textOf(index, 'empty'), '');
        assert.is(await textOf(index, long), 'long');
        assert.is(await textOf(index, `${'d'.repeat(60)}/link`), 'plain text');
        assert.is(index.size('plain'), 10);
        assert.is(index.size('nothing'), undefined);
        await rejects(index.read('plain', 9), { code: 'SIZE_MISMATCH' });
        await rejects(index.read('nothing', 9), { code: 'ARCHIVE_INVALID' });
      }));
  }

  test('links lead nowhere outside', () =>
    withTempDir(async (directory) => {
      const file = join(directory, 'a.tar');
      symlinkSync('../../../../../../etc/passwd', join(directory, 'up'));
      symlinkSync('/etc/passwd', join(directory, 'abs'));
      symlinkSync('loop', join(directory, 'loop'));
      assert.is(spawnSync('tar', ['-C', directory, '-cf', file, 'up', 'abs', 'loop']).status, 0);
      const index = await openTarIndex(file);
      for (const name of ['up', 'abs', 'loop', '../../etc/passwd']) assert.is(index.size(name), undefined, name);
    }));

  test('the last member of a name wins', () =>
    withTempDir(async (directory) => {
      const file = join(directory, 'a.tar');
      writeFileSync(file, Buffer.concat([tarOf('x', 'first').subarray(0, 1024), tarOf('./x', 'second')]));
      assert.is(await textOf(await openTarIndex(file), 'x'), 'second');
    }));

  test('what is no tar, or not all of one, is refused', () =>
    withTempDir(async (directory) => {
      const file = join(directory, 'a.tar');
      const whole = tarOf('x', 'some content of the file');
      const cases: readonly [string, Buffer][] = [
        ['empty', Buffer.alloc(0)],
        ['text', Buffer.alloc(2048, 'no tar')],
        ['checksum', Buffer.concat([whole.subarray(0, 10), Buffer.from('!'), whole.subarray(11)])],
        ['size beyond the end', withSize(whole, '77777777777')],
        ['negative size', withSize(whole, '-1')],
        ['short', whole.subarray(0, 300)],
      ];
      for (const [name, bytes] of cases) {
        writeFileSync(file, bytes);
        await rejects(openTarIndex(file), { code: 'ARCHIVE_INVALID' }).catch((error: unknown) => {
          throw new Error(`${name}: ${error}`);
        });
      }
      writeFileSync(file, whole);
      truncateSync(file, 520);
      await rejects(openTarIndex(file), { code: 'ARCHIVE_INVALID', message: /cut short/ });
      assert.is(readFileSync(file).length, 520);
    }));
});

/** The header's size field replaced, its checksum made right again. */
function withSize(tar: Buffer, size: string): Buffer {
  const changed = Buffer.from(tar);
  changed.fill(0, 124, 136);
  changed.write(size, 124);
  changed.write('        ', 148);
  const sum = changed.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return changed;
}
