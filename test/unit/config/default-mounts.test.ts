import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readDefaultMounts } from '../../../src/config/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

suite('config/default-mounts', (test) => {
  test('readDefaultMounts() reads SOURCE:TARGET and SOURCE, and tells what is missing', () =>
    withTempDir((directory) => {
      const file = join(directory, 'mounts.conf');
      writeFileSync(file, `# mine\n${directory}:/run/secrets\n\n  ${directory}  \nrelative:/x\n/nonexistent/a:/y\n`);
      const found = readDefaultMounts({ configHome: undefined, mountsFile: file, rootless: true });
      assert.equal(found, {
        mounts: [
          { source: directory, target: '/run/secrets' },
          { source: directory, target: directory },
        ],
        missing: [`${file}: /nonexistent/a`],
      });
    }));

  test('readDefaultMounts() takes the first file there is: of a user, the own one', () =>
    withTempDir((directory) => {
      mkdirSync(join(directory, 'containers'));
      const [own, etc, usr] = ['containers/mounts.conf', 'etc.conf', 'usr.conf'].map((name) => join(directory, name)) as [
        string,
        string,
        string,
      ];
      const sourceOf = (rootless: boolean): string | undefined =>
        readDefaultMounts({ configHome: directory, mountsFile: undefined, rootless }, [etc, usr]).mounts[0]?.target;
      assert.is(sourceOf(true), undefined);
      writeFileSync(usr, '/tmp:/of-usr\n');
      assert.is(sourceOf(true), '/of-usr');
      writeFileSync(etc, '/tmp:/of-etc\n');
      assert.is(sourceOf(true), '/of-etc');
      writeFileSync(own, '/tmp:/of-user\n');
      assert.is(sourceOf(true), '/of-user');
      assert.is(sourceOf(false), '/of-etc');
    }));

  test('readDefaultMounts() refuses a target that is no absolute path, and a named file that is missing', () =>
    withTempDir(async (directory) => {
      const file = join(directory, 'mounts.conf');
      writeFileSync(file, '\n/tmp:run/secrets\n');
      const read = (mountsFile: string) => () => readDefaultMounts({ configHome: undefined, mountsFile, rootless: true });
      await rejects(read(file), { code: 'SETTINGS_INVALID', message: /mounts\.conf:2: "run\/secrets" is no absolute path/ });
      await rejects(read(`${file}.not`), { code: 'SETTINGS_INVALID', message: /cannot be read/ });
    }));
});
