import * as assert from 'uvu/assert';
import type { Digest } from '../../../../src/image/index.js';
import { encodeClaim, parseClaim } from '../../../../src/operations/signing/signature-payload.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';

const DIGEST = `sha256:${'4d8a51bc'.repeat(8)}` as Digest;
/** As skopeo 1.9.3 wrote it. */
const THEIRS = `{"critical":{"identity":{"docker-reference":"127.0.0.1:41267/team/app:2"},"image":{"docker-manifest-digest":"${DIGEST}"},"type":"atomic container signature"},"optional":{"creator":"atomic 5.23.1","timestamp":1795354102}}`;

const valid = (): Record<string, Record<string, unknown>> => JSON.parse(THEIRS) as Record<string, Record<string, unknown>>;

suite('claims of simple signatures', (test) => {
  test('are written byte by byte as skopeo writes them', () => {
    const claim = { reference: '127.0.0.1:41267/team/app:2', manifestDigest: DIGEST };
    assert.is(Buffer.from(encodeClaim(claim, 'atomic 5.23.1', 1_795_354_102)).toString(), THEIRS);
  });

  test('are read, whatever is in "optional"', () => {
    const expected = { reference: '127.0.0.1:41267/team/app:2', manifestDigest: DIGEST };
    assert.equal(parseClaim(Buffer.from(THEIRS)), expected);
    assert.equal(parseClaim(Buffer.from(JSON.stringify({ ...valid(), optional: { more: [1] } }))), expected);
  });

  // containers-signature(5): readers fail for what is critical and they do not understand.
  const critical = (change: object): object => ({ ...valid(), critical: { ...valid().critical, ...change } });
  for (const [what, document] of [
    ['a member beside "critical" and "optional"', { ...valid(), more: 1 }],
    ['no "optional"', { critical: valid().critical }],
    ['a further critical member', critical({ expires: 1 })],
    ['another type', critical({ type: 'atomic signature' })],
    ['a further member of the image', critical({ image: { 'docker-manifest-digest': DIGEST, size: 1 } })],
    ['a digest that is none', critical({ image: { 'docker-manifest-digest': 'sha256:1' } })],
    ['no reference', critical({ identity: {} })],
    ['a reference that is no text', critical({ identity: { 'docker-reference': 5 } })],
    ['a timestamp with a fraction', { ...valid(), optional: { timestamp: 1.5 } }],
    ['a creator that is no text', { ...valid(), optional: { creator: [] } }],
    ['a list', []],
  ] as const)
    test(`with ${what} is refused`, () =>
      rejects(async () => parseClaim(Buffer.from(JSON.stringify(document))), { code: 'MANIFEST_INVALID' }));

  test('with a key twice is refused', () =>
    rejects(async () => parseClaim(Buffer.from(THEIRS.replace('"optional":{', '"optional":{},"optional":{'))), {
      code: 'MANIFEST_INVALID',
    }));
});
