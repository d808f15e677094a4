import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Digest, OCI_INDEX, OCI_MANIFEST } from '../../../../src/image/index.js';
import { writeResultFiles } from '../../../../src/operations/build/result-files.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

const digest = `sha256:${'b'.repeat(64)}` as Digest;
const image = (mediaType: string) => ({ id: 'aa', descriptor: { mediaType, digest, size: 3 } });

suite('operations/result-files', (test) => {
  test('writeResultFiles() writes what is asked for', async () => {
    await withTempDir((directory) => {
      const at = (name: string): string => join(directory, name);
      writeResultFiles({ iidFile: at('id'), iidFileRaw: at('raw'), metadataFile: at('meta') }, image(OCI_MANIFEST), ['a', 'b']);
      assert.equal([readFileSync(at('id'), 'utf8'), readFileSync(at('raw'), 'utf8')], ['sha256:aa', 'aa']);
      assert.equal(JSON.parse(readFileSync(at('meta'), 'utf8')), {
        'containerimage.config.digest': 'sha256:aa',
        'containerimage.descriptor': { mediaType: OCI_MANIFEST, digest, size: 3 },
        'containerimage.digest': digest,
        'image.name': 'a,b',
      });
    });
  });

  test('writeResultFiles() of an index without a name', async () => {
    await withTempDir((directory) => {
      const file = join(directory, 'meta');
      writeResultFiles({ metadataFile: file }, image(OCI_INDEX), []);
      assert.equal(Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object), ['containerimage.descriptor', 'containerimage.digest']);
      assert.not(existsSync(join(directory, 'id')));
    });
  });
});
