import * as assert from 'uvu/assert';
import { parseSourcePolicy } from '../../../../src/operations/build/read-source-policy.js';
import { applySourcePolicy, gitIdentifier } from '../../../../src/operations/build/source-policy.js';
import { suite } from '../../../support/suite.js';

const ALPINE = 'docker-image://docker.io/library/alpine:latest';
const PINNED = `docker-image://docker.io/library/alpine:3.20@sha256:${'a'.repeat(64)}`;

function apply(rules: readonly object[], identifier: string, attrs: Record<string, string> = {}) {
  return applySourcePolicy(parseSourcePolicy(JSON.stringify({ rules }), 'policy.json'), { identifier, attrs });
}

const deny = (identifier: string, matchType?: string) => ({ action: 'DENY', selector: { identifier, ...(matchType && { matchType }) } });
const allow = (identifier: string) => ({ action: 'ALLOW', selector: { identifier } });
const convert = (identifier: string, updates: object, matchType?: string) => ({
  action: 'CONVERT',
  selector: { identifier, ...(matchType && { matchType }) },
  updates,
});

suite('operations/source-policy', (test) => {
  test('what no rule matches is allowed', () => {
    assert.equal(apply([deny('docker-image://docker.io/library/debian:*')], ALPINE), { identifier: ALPINE, attrs: {} });
  });

  test('the last rule that matches decides', () => {
    assert.is(apply([deny('*'), allow('docker-image://docker.io/library/*')], ALPINE).identifier, ALPINE);
    assert.throws(() => apply([allow('docker-image://docker.io/library/*'), deny('*')], ALPINE), /denied by policy: rule 2 of policy.json/);
  });

  for (const [name, rule, matches] of [
    ['a wildcard is the default', deny('docker-image://*/alpine:*'), true],
    ['a wildcard stands for the whole', deny('docker-image://docker.io'), false],
    ['signs of patterns mean themselves in a wildcard', deny('docker-image://docker.io/library/alpin.:latest'), false],
    ['exact', deny(ALPINE, 'EXACT'), true],
    ['exact takes * literally', deny('docker-image://docker.io/library/*', 'EXACT'), false],
    ['a regular expression is not anchored', deny('library/(alpine|debian)', 'REGEX'), true],
    ['a regular expression with flags', deny('(?i)LIBRARY/ALPINE', 'REGEX'), true],
  ] as const) {
    test(`${name}: ${matches ? 'matches' : 'does not match'}`, () => {
      if (matches) assert.throws(() => apply([rule], ALPINE), /denied by policy/);
      else assert.is(apply([rule], ALPINE).identifier, ALPINE);
    });
  }

  test('CONVERT replaces the identifier, and the policy begins anew', () => {
    assert.is(apply([convert(ALPINE, { identifier: PINNED })], ALPINE).identifier, PINNED);
    assert.throws(
      () => apply([convert(ALPINE, { identifier: PINNED }), deny('*@sha256:*')], ALPINE),
      /alpine:3.20@sha256:.* denied by policy/,
    );
  });

  test('CONVERT puts what * and groups stood for', () => {
    const mirror = 'docker-image://mirror.example.com/';
    assert.is(
      apply([convert('docker-image://docker.io/library/*:*', { identifier: `${mirror}\${1}:\${2}-slim` })], ALPINE).identifier,
      `${mirror}alpine:latest-slim`,
    );
    assert.is(
      apply([convert('^docker-image://docker\\.io/(.*)$', { identifier: `${mirror}$1` }, 'REGEX')], ALPINE).identifier,
      `${mirror}library/alpine:latest`,
    );
  });

  test('CONVERT sets attributes and keeps the identifier', () => {
    const url = 'https://example.com/file';
    assert.equal(apply([convert(url, { attrs: { 'http.checksum': 'sha256:ab' } })], url), {
      identifier: url,
      attrs: { 'http.checksum': 'sha256:ab' },
    });
  });

  test('a CONVERT that changes nothing lets the following rules speak', () => {
    assert.throws(() => apply([convert(ALPINE, { identifier: ALPINE }), deny('*')], ALPINE), /rule 2/);
  });

  test('conversions without end are refused', () => {
    assert.throws(
      () => apply([convert('docker-image://*', { identifier: `docker-image://\${1}x` })], ALPINE),
      (error: Error & { code?: string }) => error.code === 'SOURCE_DENIED' && error.message.includes('without end'),
    );
  });

  test('constraints look at attributes', () => {
    const selector = (condition: string, value: string) => ({
      action: 'DENY',
      selector: { identifier: '*', constraints: [{ key: 'http.checksum', condition, value }] },
    });
    const attrs = { 'http.checksum': 'sha256:ab' };
    assert.throws(() => apply([selector('EQUAL', 'sha256:ab')], 'https://a', attrs));
    assert.throws(() => apply([selector('NOTEQUAL', 'x')], 'https://a', attrs));
    assert.throws(() => apply([selector('MATCHES', '^sha256:')], 'https://a', attrs));
    assert.ok(apply([selector('EQUAL', 'x')], 'https://a', attrs));
  });

  for (const [text, problem] of [
    ['[]', /not a JSON object/],
    ['{', /not JSON/],
    ['{"rules": [{"action": "MAYBE", "selector": {"identifier": "*"}}]}', /rule 1: "action" is none of ALLOW, DENY, CONVERT/],
    ['{"rules": [{"action": "DENY"}]}', /rule 1: it has no "selector"/],
    ['{"rules": [{"action": "DENY", "selector": {"identifier": "(", "matchType": "REGEX"}}]}', /no regular expression/],
    ['{"rules": [{"action": "CONVERT", "selector": {"identifier": "*"}}]}', /needs "updates"/],
  ] as const) {
    test(`refuses ${text}`, () => {
      assert.throws(() => parseSourcePolicy(text, 'policy.json'), problem);
    });
  }

  for (const [url, identifier] of [
    ['https://user:secret@github.com/moby/buildkit.git#v1', 'git://github.com/moby/buildkit.git#v1'],
    ['git@github.com:moby/buildkit.git', 'git://github.com/moby/buildkit.git'],
    ['ssh://git@github.com/moby/buildkit', 'git://github.com/moby/buildkit'],
  ] as const) {
    test(`gitIdentifier() of ${url}`, () => {
      assert.is(gitIdentifier(url), identifier);
    });
  }
});
