import * as assert from 'uvu/assert';
import { digestAlgorithm, digestHex, digestOf, parseDiffId, parseDigest } from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

suite('digests', (test) => {
  test('digestOf() is sha256', () => {
    assert.is(digestOf('{}'), 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });
  test('both algorithms are taken apart', () => {
    const long = parseDigest(`sha512:${'0'.repeat(128)}`);
    assert.is(digestAlgorithm(long), 'sha512');
    assert.is(digestHex(long).length, 128);
    assert.is(digestAlgorithm(digestOf('')), 'sha256');
  });
  const bad = [
    '',
    'sha256',
    'sha256:',
    `sha256:${'0'.repeat(63)}`,
    `sha256:${'0'.repeat(65)}`,
    `sha256:${'0'.repeat(64)}\n`,
    `sha256:${'G'.repeat(64)}`,
    `SHA256:${'0'.repeat(64)}`,
    `sha384:${'0'.repeat(96)}`,
    `sha512:${'0'.repeat(64)}`,
    'sha256:../../../../etc/passwd',
    `../sha256:${'0'.repeat(64)}`,
  ];
  for (const text of bad) {
    test(`refuses ${JSON.stringify(text)}`, async () => {
      await rejects(() => parseDigest(text), { code: 'MANIFEST_INVALID' });
      await rejects(() => parseDiffId(text), { code: 'MANIFEST_INVALID' });
    });
  }
});
