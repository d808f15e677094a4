import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readRegistryCertificates } from '../../../src/config/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const NONE = { authorities: [], client: undefined };

/** Files of those names below `directory`, each with its own name in it. */
function write(directory: string, ...names: string[]): string {
  mkdirSync(directory, { recursive: true });
  for (const name of names) writeFileSync(join(directory, name), name);
  return directory;
}

suite('config/registry-certificates', (test) => {
  test('readRegistryCertificates() reads authorities and the first client certificate of the directory given', async () => {
    await withTempDir((dir) => {
      write(dir, 'b.crt', 'a.crt', 'me.cert', 'me.key', 'you.cert', 'you.key', 'README');
      assert.equal(readRegistryCertificates('r.example', dir, { configHome: undefined }, []), {
        authorities: ['a.crt', 'b.crt'],
        client: { cert: 'me.cert', key: 'me.key' },
      });
    });
  });

  test("readRegistryCertificates() takes the user's directory of that host before the system's", async () => {
    await withTempDir((dir) => {
      const system = [join(dir, 'one'), join(dir, 'two')];
      const read = (host: string) => readRegistryCertificates(host, undefined, { configHome: join(dir, 'home') }, system);
      assert.equal(read('r:5000'), NONE);
      write(join(dir, 'two/r:5000'), 'two.crt');
      assert.equal(read('r:5000').authorities, ['two.crt']);
      write(join(dir, 'home/containers/certs.d/r:5000'), 'home.crt');
      assert.equal(read('r:5000').authorities, ['home.crt']);
      assert.equal(read('r'), NONE);
    });
  });

  test('readRegistryCertificates() names what is missing', async () => {
    await withTempDir(async (dir) => {
      const read = (certDir: string) => () => readRegistryCertificates('r', certDir, { configHome: undefined }, []);
      await rejects(read(join(dir, 'nowhere')), { code: 'SETTINGS_INVALID', message: /--cert-dir.*nowhere/ });
      await rejects(read(write(join(dir, 'cert'), 'a.cert')), { code: 'SETTINGS_INVALID', message: /a\.key/ });
      await rejects(read(write(join(dir, 'key'), 'a.key')), { code: 'SETTINGS_INVALID', message: /a\.cert/ });
    });
  });
});
