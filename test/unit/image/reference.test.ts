import * as assert from 'uvu/assert';
import { candidateNames, formatReference, isShortName, localName, parseReference, withDefaultTag } from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

suite('image/reference', (test) => {
  for (const [text, canonical] of [
    ['debian', 'docker.io/library/debian'],
    ['debian:12', 'docker.io/library/debian:12'],
    ['team/app', 'docker.io/team/app'],
    ['docker.io/debian', 'docker.io/library/debian'],
    ['index.docker.io/debian', 'docker.io/library/debian'],
    ['localhost/app', 'localhost/app'],
    ['localhost:5000/app:1', 'localhost:5000/app:1'],
    ['QUAY.io/a/b', 'quay.io/a/b'],
    ['Registry/app', 'Registry/app'],
    ['[::1]:5000/app', '[::1]:5000/app'],
    ['quay.io/a/b/c.d_e__f--g:T.a-g_1', 'quay.io/a/b/c.d_e__f--g:T.a-g_1'],
    [`quay.io/a@${DIGEST}`, `quay.io/a@${DIGEST}`],
    [`quay.io/a:1@${DIGEST}`, `quay.io/a:1@${DIGEST}`],
    [`quay.io/a:${'t'.repeat(128)}`, `quay.io/a:${'t'.repeat(128)}`],
  ] as const) {
    test(`parseReference() reads ${text.slice(0, 60)}`, () => {
      assert.is(formatReference(parseReference(text)), canonical);
      assert.is(formatReference(parseReference(canonical)), canonical, 'the canonical spelling is a fixed point');
    });
  }

  for (const text of [
    '',
    ' debian',
    'Debian',
    'team/App',
    'a//b',
    '/a',
    'a/',
    'a..b',
    'a___b',
    '../etc',
    'quay.io/../etc',
    'quay.io/a/%2e%2e/b',
    'quay.io/a?x=1',
    'a:',
    'a:-1',
    `a:${'t'.repeat(129)}`,
    'a@sha256:12',
    'a@latest',
    `a@sha256:${'AB'.repeat(32)}`,
    'quay.io:0/a',
    'quay.io:65536/a',
    '-quay.io/a',
    'user:secret@quay.io/a',
    'ab'.repeat(32),
    `quay.io/${'a'.repeat(255)}`,
    'déjà',
    'a\nb',
  ]) {
    test(`parseReference() refuses ${JSON.stringify(text.slice(0, 40))}`, async () => {
      await rejects(() => parseReference(text), { code: 'REFERENCE_SYNTAX' });
    });
  }

  test('parseReference() leaves what is not written absent', () => {
    assert.equal(parseReference('app'), { registry: 'docker.io', repository: 'library/app' });
  });

  for (const [text, tag] of [
    ['app', 'latest'],
    ['app:1', '1'],
    [`app@${DIGEST}`, undefined],
  ] as const) {
    test(`withDefaultTag() gives ${text.slice(0, 20)} the tag ${tag}`, () => {
      assert.is(withDefaultTag(parseReference(text)).tag, tag);
    });
  }

  for (const [text, short] of [
    ['app', true],
    ['team/app:1', true],
    ['localhost/app', false],
    ['host:1/app', false],
    ['quay.io/app', false],
  ] as const) {
    test(`isShortName(${text}) is ${short}`, () => {
      assert.is(isShortName(text), short);
    });
  }

  for (const [text, name] of [
    ['app', 'localhost/app:latest'],
    ['team/app:2', 'localhost/team/app:2'],
    ['quay.io/app', 'quay.io/app:latest'],
    ['docker.io/app', 'docker.io/library/app:latest'],
  ] as const) {
    test(`localName(${text}) is ${name}`, () => {
      assert.is(localName(text), name);
    });
  }

  test('localName() refuses a digest', async () => {
    await rejects(() => localName(`app@${DIGEST}`), { code: 'REFERENCE_SYNTAX' });
  });

  for (const [text, local, names] of [
    ['app:1', true, ['localhost/app:1', 'docker.io/library/app:1', 'quay.io/app:1']],
    ['app', false, ['docker.io/library/app:latest', 'quay.io/app:latest']],
    ['quay.io/a', true, ['quay.io/a:latest']],
  ] as const) {
    test(`candidateNames(${text}), local ${local}`, () => {
      assert.equal(candidateNames(text, { searchRegistries: ['docker.io', 'quay.io'], local }), names);
    });
  }
});
