import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  candidateNames,
  formatReference,
  isShortName,
  localName,
  parseReference,
  ReferenceSyntaxError,
  withDefaultTag,
} from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const HEX = 'a'.repeat(64);
const DIGEST = `sha256:${HEX}`;

// What github.com/distribution/reference's ParseNormalizedNamed gives for each.
const good: readonly [text: string, canonical: string][] = [
  ['busybox', 'docker.io/library/busybox'],
  ['busybox:1.36', 'docker.io/library/busybox:1.36'],
  ['docker.io/busybox', 'docker.io/library/busybox'],
  ['index.docker.io/busybox', 'docker.io/library/busybox'],
  ['user/app', 'docker.io/user/app'],
  ['a/b/c', 'docker.io/a/b/c'],
  ['quay.io/a/b:v1', 'quay.io/a/b:v1'],
  ['localhost/app', 'localhost/app'],
  ['localhost:5000/app', 'localhost:5000/app'],
  ['Registry.Example.COM/app', 'registry.example.com/app'],
  ['UPPER/app', 'UPPER/app'],
  ['[::1]:5000/app', '[::1]:5000/app'],
  ['127.0.0.1:5000/app:x', '127.0.0.1:5000/app:x'],
  [`busybox@${DIGEST}`, `docker.io/library/busybox@${DIGEST}`],
  [`busybox:1@${DIGEST}`, `docker.io/library/busybox:1@${DIGEST}`],
  [`localhost:5000/a@sha512:${'b'.repeat(128)}`, `localhost:5000/a@sha512:${'b'.repeat(128)}`],
  ['a__b.c-d--e_f', 'docker.io/library/a__b.c-d--e_f'],
  ['app:_x.Y-1', 'docker.io/library/app:_x.Y-1'],
  [`app:${'t'.repeat(128)}`, `docker.io/library/app:${'t'.repeat(128)}`],
  [HEX.slice(1), `docker.io/library/${HEX.slice(1)}`],
  [`${HEX}:tag`.slice(1), `docker.io/library/${HEX.slice(1)}:tag`],
];

const bad: readonly string[] = [
  '',
  ' ',
  'App',
  'docker.io/App',
  'app:',
  'app:t a',
  'app:-x',
  'app:.x',
  `app:${'t'.repeat(129)}`,
  'app@',
  'app@sha256:',
  `app@sha256:${'A'.repeat(64)}`,
  `app@sha256:${'a'.repeat(63)}`,
  'app@md5:d41d8cd98f00b204e9800998ecf8427e',
  `app@${DIGEST}@${DIGEST}`,
  '/app',
  'app/',
  'a//b',
  '../app',
  'a/../b',
  './app',
  'a/.b',
  '-app',
  'app-',
  'app_',
  'a..b',
  'a___b',
  'a b',
  'app\n',
  'app\0',
  'äpp',
  'http://quay.io/app',
  'quay.io:port/app',
  'quay.io:/app',
  'quay.io:99999/app',
  'quay.io:0/app',
  '-quay.io/app',
  'quay..io/app',
  'user@host.io/app',
  'user:secret@quay.io/app',
  'quay.io/../etc',
  'quay.io/a/%2e%2e/b',
  `quay.io/${'a'.repeat(255)}`,
  'app@latest',
  '[::1/app',
  HEX,
  'x'.repeat(256),
  '$(id)',
  'app;rm',
  'app?x',
  'app%2f',
];

suite('parseReference()', (test) => {
  for (const [text, canonical] of good)
    test(`reads ${text}`, () => {
      assert.is(formatReference(parseReference(text)), canonical);
      assert.is(formatReference(parseReference(canonical)), canonical, 'the canonical spelling is a fixed point');
    });
  for (const text of bad) {
    test(`refuses ${JSON.stringify(text)}`, () => rejects(() => parseReference(text), { code: 'REFERENCE_SYNTAX' }));
  }
  test('takes a host without a path for a path, as Docker does', () => {
    assert.is(formatReference(parseReference('quay.io')), 'docker.io/library/quay.io');
    assert.is(formatReference(parseReference('localhost:5000')), 'docker.io/library/localhost:5000');
  });
  test('leaves what is not written absent', () => {
    assert.equal(parseReference('app'), { registry: 'docker.io', repository: 'library/app' });
  });
  test('says what is wrong', () => {
    assert.match(new ReferenceSyntaxError('x', 'y').message, /Invalid image name "x": y/);
    try {
      parseReference('docker.io/MyApp');
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, /repository name must be lowercase/);
    }
  });
  test('reads back what it formats, and reads nothing it would not format', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?$/);
    const name = fc.tuple(fc.constantFrom('', 'quay.io/', 'localhost:5000/'), part, fc.option(part));
    fc.assert(
      fc.property(name, fc.option(part), ([host, first, second], tag) => {
        const text = `${host}${first}${second === null ? '' : `/${second}`}${tag === null ? '' : `:${tag}`}`;
        const canonical = formatReference(parseReference(text));
        assert.is(formatReference(parseReference(canonical)), canonical);
      }),
    );
  });
  test('gives or throws its own error for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z:/@.-]{0,40}$/)), (text) => {
        try {
          assert.match(formatReference(parseReference(text)), /^[A-Za-z0-9.:[\]-]+\/[a-z0-9._/-]+(:[\w.-]+)?(@sha(256|512):[0-9a-f]+)?$/);
        } catch (error) {
          assert.instance(error, ReferenceSyntaxError);
        }
      }),
    );
  });
});

suite('localName()', (test) => {
  const names: readonly [string, string][] = [
    ['app', 'localhost/app:latest'],
    ['app:1', 'localhost/app:1'],
    ['team/app', 'localhost/team/app:latest'],
    ['quay.io/team/app', 'quay.io/team/app:latest'],
    ['docker.io/app', 'docker.io/library/app:latest'],
    ['localhost/app', 'localhost/app:latest'],
  ];
  for (const [text, expected] of names) test(`of ${text}`, () => assert.is(localName(text), expected));
  test('refuses a digest', () => rejects(() => localName(`app@${DIGEST}`), { code: 'REFERENCE_SYNTAX' }));
});

suite('candidateNames()', (test) => {
  const searchRegistries = ['docker.io', 'quay.io'];
  test('of a short name in the store', () => {
    assert.equal(candidateNames('app', { searchRegistries, local: true }), [
      'localhost/app:latest',
      'docker.io/library/app:latest',
      'quay.io/app:latest',
    ]);
  });
  test('of a short name in registries', () => {
    assert.equal(candidateNames('a/b:1', { searchRegistries, local: false }), ['docker.io/a/b:1', 'quay.io/a/b:1']);
  });
  test('of a qualified name', () => {
    assert.equal(candidateNames('localhost:5000/app', { searchRegistries, local: true }), ['localhost:5000/app:latest']);
  });
  test('keeps a digest', () => {
    assert.equal(candidateNames(`app@${DIGEST}`, { searchRegistries: ['quay.io'], local: false }), [`quay.io/app@${DIGEST}`]);
  });
});

suite('isShortName() and withDefaultTag()', (test) => {
  test('a name is short unless it starts with a host', () => {
    for (const text of ['app', 'team/app', 'app:1.2']) assert.is(isShortName(text), true, text);
    for (const text of ['a.b/app', 'localhost/app', 'h:1/app', 'HOST/app']) assert.is(isShortName(text), false, text);
  });
  test('a digest needs no tag', () => {
    assert.is(withDefaultTag(parseReference('app')).tag, 'latest');
    assert.is(withDefaultTag(parseReference(`app@${DIGEST}`)).tag, undefined);
  });
});
