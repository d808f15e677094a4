import * as assert from 'uvu/assert';
import { compareLayers } from '../../../../src/operations/build/compare-layers.js';
import { suite } from '../../../support/suite.js';
import { type TarItem, tarOf } from '../../../support/tar-of.js';

async function* bytesOf(items: readonly TarItem[]): AsyncGenerator<Uint8Array> {
  yield tarOf(items);
}

async function differences(first: readonly TarItem[], second: readonly TarItem[]): Promise<readonly string[]> {
  const files = await compareLayers(bytesOf(first), bytesOf(second));
  return files.map(({ path, kind, fields }) =>
    [path, kind, ...fields.map((field) => `${field.name} ${field.first} ${field.second}`)].join('|'),
  );
}

suite('operations/compare-layers', (test) => {
  const file: TarItem = { name: 'd/f', data: 'one', mtime: 60, mode: 0o644, uid: 1, gid: 2 };
  const rows: readonly (readonly [string, TarItem, readonly string[]])[] = [
    ['nothing', file, []],
    ['mode', { ...file, mode: 0o4755 }, ['d/f|changed|mode 0644 4755']],
    ['owner', { ...file, uid: 0 }, ['d/f|changed|owner 1:2 0:2']],
    ['time', { ...file, mtime: 61 }, ['d/f|changed|mtime 1970-01-01T00:01:00Z 1970-01-01T00:01:01Z']],
    // sha256 of "one" and of "two"
    ['content', { ...file, data: 'two' }, ['d/f|changed|content sha256:7692c3ad3540 sha256:3fc4ccfe7458']],
    ['attribute', { ...file, pax: [['SCHILY.xattr.user.a', '1']] }, ['d/f|changed|attributes {} {"user.a":"1"}']],
    ['name', { ...file, name: 'd/g' }, ['d/f|only-first', 'd/g|only-second']],
  ];
  for (const [what, changed, expected] of rows) {
    test(`compareLayers() tells what differs: ${what}`, async () => {
      const directory: TarItem = { name: 'd/' };
      assert.equal(await differences([directory, file], [directory, changed]), expected);
    });
  }

  test('compareLayers() tells type and target of a link', async () => {
    assert.equal(await differences([{ name: 'l', type: '2', link: 'a' }], [{ name: 'l', type: '2', link: 'b' }]), ['l|changed|target a b']);
    const [line] = await differences([{ name: 'l', type: '2', link: 'a' }], [{ name: 'l' }]);
    assert.match(line!, /^l\|changed\|type symlink file/);
  });
});
