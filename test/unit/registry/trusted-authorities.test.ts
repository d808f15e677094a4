import { rootCertificates } from 'node:tls';
import * as assert from 'uvu/assert';
import { readTrustedAuthorities } from '../../../src/registry/trusted-authorities.js';
import { suite } from '../../support/suite.js';

const [known = '', another = ''] = rootCertificates;
// Not a certificate anybody could use, but of the form of one.
const own = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';

suite('registry/trusted-authorities', (test) => {
  test("readTrustedAuthorities() has all of Node's own, and each of ours, once", async () => {
    const found = await readTrustedAuthorities([`# comment\n${own}\n\n${known}\n`, `${another.replaceAll('\n', '\r\n')}`, own]);
    for (const certificate of [...rootCertificates, own]) assert.is(found.filter((text) => text === certificate).length, 1);
    assert.is(new Set(found).size, found.length);
  });

  test('readTrustedAuthorities() finds nothing in a text without certificates', async () => {
    assert.equal(await readTrustedAuthorities(['no certificate', '']), await readTrustedAuthorities([]));
  });
});
