import { rootCertificates } from 'node:tls';
import * as assert from 'uvu/assert';
import { readTrustedAuthorities } from '../../../src/registry/trusted-authorities.js';
import { suite } from '../../support/suite.js';

const [known = '', another = ''] = rootCertificates;
// Not a certificate anybody could use, but of the form of one.
const own = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';

suite('registry/trusted-authorities', (test) => {
  test("readTrustedAuthorities() has all of Node's own, and each of ours, once", async () => {
    const found = await readTrustedAuthorities([`# comment\n${own}\n\n${known}\n`, another.replaceAll('\n', '\r\n'), own]);
    const unbroken = found.map((text) => text.replaceAll('\n', ''));
    for (const certificate of [...rootCertificates, own]) assert.ok(unbroken.includes(certificate.replaceAll('\n', '')));
    assert.is(new Set(unbroken).size, found.length);
  });

  test('readTrustedAuthorities() finds nothing in a text without certificates', async () => {
    assert.equal(await readTrustedAuthorities(['no certificate', '']), await readTrustedAuthorities([]));
  });
});
