import * as assert from 'uvu/assert';
import { tagDestinations } from '../../../../src/operations/build/tag-destinations.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';

suite('operations/tag-destinations', (test) => {
  test('tagDestinations() tells names from places', async () => {
    const tags = ['app', 'docker:1', 'example.com/oci:2', 'docker://example.com/a:1', 'oci:dir:x', 'dir:d', 'containers-storage:own'];
    assert.equal(await tagDestinations(tags), {
      names: ['app', 'docker:1', 'example.com/oci:2', 'own'],
      destinations: [
        { kind: 'docker', reference: 'example.com/a:1' },
        { kind: 'oci', path: 'dir', reference: 'x' },
        { kind: 'dir', path: 'd' },
      ],
    });
  });

  test('tagDestinations() refuses a transport that tsbuild does not have', async () => {
    await rejects(tagDestinations(['docker-daemon:a:1']), { code: 'UNSUPPORTED' });
  });
});
