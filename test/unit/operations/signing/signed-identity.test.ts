import * as assert from 'uvu/assert';
import type { SignedIdentity } from '../../../../src/config/index.js';
import { parseReference } from '../../../../src/image/index.js';
import { matchesIdentity } from '../../../../src/operations/signing/signed-identity.js';
import { suite } from '../../../support/suite.js';

const DIGEST = `@sha256:${'0'.repeat(64)}`;
const OTHER = `@sha256:${'1'.repeat(64)}`;

const exact: SignedIdentity = { type: 'matchExact' };
const usual: SignedIdentity = { type: 'matchRepoDigestOrExact' };
const repository: SignedIdentity = { type: 'matchRepository' };
const fixed: SignedIdentity = { type: 'exactReference', reference: 'h.test/a:1' };
const fixedRepository: SignedIdentity = { type: 'exactRepository', repository: 'h.test/a' };
const remap: SignedIdentity = { type: 'remapIdentity', prefix: 'mirror.test/copy', signedPrefix: 'h.test' };
const remapHost: SignedIdentity = { type: 'remapIdentity', prefix: 'mirror.test', signedPrefix: 'h.test/all' };

// The rules of containers-policy.json(5), "signedBy".
const CASES: readonly (readonly [SignedIdentity, string | undefined, string, boolean])[] = [
  [exact, 'h.test/a:1', 'h.test/a:1', true],
  [exact, 'h.test/a:1', 'h.test/a:2', false],
  [exact, 'h.test/a:1', 'h.test/a', false],
  [exact, `h.test/a${DIGEST}`, `h.test/a${DIGEST}`, true],
  [exact, `h.test/a${DIGEST}`, 'h.test/a:1', false],
  [exact, 'docker.io/library/a:1', 'a:1', true],
  [exact, undefined, 'h.test/a:1', false],
  [usual, 'h.test/a:1', 'h.test/a:1', true],
  [usual, 'h.test/a:1', 'h.test/a:2', false],
  [usual, `h.test/a${DIGEST}`, 'h.test/a:7', true],
  [usual, `h.test/a${DIGEST}`, `h.test/a${OTHER}`, true],
  [usual, `h.test/a${DIGEST}`, 'h.test/a', false],
  [usual, `h.test/a${DIGEST}`, 'h.test/b:7', false],
  [repository, 'h.test/a:1', 'h.test/a:2', true],
  [repository, 'h.test/a:1', 'h.test/a', true],
  [repository, 'h.test/a:1', 'h.test/a/b:1', false],
  [fixed, 'elsewhere.test/b:3', 'h.test/a:1', true],
  [fixed, undefined, 'h.test/a:1', true],
  [fixed, 'h.test/a:1', 'h.test/a:2', false],
  [fixedRepository, undefined, 'h.test/a:9', true],
  [fixedRepository, undefined, 'h.test/ab:9', false],
  [remap, 'mirror.test/copy/a:1', 'h.test/a:1', true],
  [remap, 'mirror.test/copy/a:1', 'mirror.test/copy/a:1', false],
  [remap, 'mirror.test/copying/a:1', 'h.test/ing/a:1', false],
  [remap, 'mirror.test/copying/a:1', 'mirror.test/copying/a:1', true],
  [remap, 'mirror.test/copy/a:1', 'h.test/a:2', false],
  [remapHost, 'mirror.test/a:1', 'h.test/all/a:1', true],
  [usual, 'h.test/a:1', 'NO NAME', false],
];

suite('matchesIdentity()', (test) => {
  for (const [identity, asked, signed, expected] of CASES)
    test(`${identity.type}: ${asked ?? 'a directory'} ${expected ? 'may be' : 'is not'} signed as ${signed}`, () => {
      const image = asked === undefined ? undefined : parseReference(asked);
      assert.is(matchesIdentity(identity, image, signed), expected);
    });
});
