import * as assert from 'uvu/assert';
import { parseCacheFrom, parseCacheTo } from '../../../../src/operations/build/cache-spec.js';
import { suite } from '../../../support/suite.js';

suite('operations/cache-spec', (test) => {
  for (const [text, expected] of [
    ['quay.io/team/app', { type: 'registry', reference: 'quay.io/team/app:buildcache' }],
    ['localhost:5000/app:1', { type: 'registry', reference: 'localhost:5000/app:1' }],
    ['type=registry,ref=quay.io/team/app', { type: 'registry', reference: 'quay.io/team/app:latest' }],
    ['type=registry,ref=quay.io/team/app:main', { type: 'registry', reference: 'quay.io/team/app:main' }],
    ['type=local,src=/tmp/c', { type: 'local', path: '/tmp/c', tag: 'latest' }],
    ['type=local,src=c,tag=main', { type: 'local', path: 'c', tag: 'main' }],
    ['type=local,"src=a,b"', { type: 'local', path: 'a,b', tag: 'latest' }],
  ] as const) {
    test(`parseCacheFrom() reads ${text}`, () => assert.equal(parseCacheFrom(text), expected));
  }

  for (const [text, expected] of [
    ['quay.io/team/app', { type: 'registry', reference: 'quay.io/team/app:buildcache', mode: 'max', mounts: [] }],
    ['type=registry,ref=quay.io/a/b:c', { type: 'registry', reference: 'quay.io/a/b:c', mode: 'min', mounts: [] }],
    ['type=local,dest=d,mode=max,ignore-error=true', { type: 'local', path: 'd', tag: 'latest', mode: 'max', mounts: [] }],
    [
      'type=local,dest=d,mounts=/root/.npm,go,mode=max',
      { type: 'local', path: 'd', tag: 'latest', mode: 'max', mounts: ['/root/.npm', 'go'] },
    ],
    ['type=inline', { type: 'inline' }],
  ] as const) {
    test(`parseCacheTo() reads ${text}`, () => assert.equal(parseCacheTo(text), expected));
  }

  for (const [text, code, message] of [
    ['type=gha', 'UNSUPPORTED', /type=gha is not supported/],
    ['type=registry', 'USAGE', /type=registry needs ref=/],
    ['type=local,src=d', 'UNSUPPORTED', /src=\.\.\. is not supported/],
    ['type=local,dest=d,mode=all', 'USAGE', /mode=all is neither min nor max/],
    ['type=local,dest=d,reset=true', 'UNSUPPORTED', /reset=\.\.\. is not supported/],
    ['type=local,dest=d,ignore-error=false', 'UNSUPPORTED', /always true/],
    ['type=inline,mode=max', 'USAGE', /mode=max is not possible/],
    ['type=registry,ref=a/b,word', 'USAGE', /"word" in .* is not KEY=VALUE/],
    [`type=registry,ref=quay.io/a@sha256:${'0'.repeat(64)}`, 'USAGE', /has a digest/],
    ['type=local,"dest=d', 'USAGE', /quotes/],
  ] as const) {
    test(`parseCacheTo() refuses ${text}`, () => {
      assert.throws(
        () => parseCacheTo(text),
        (error: { code?: string; message: string }) => error.code === code && message.test(error.message),
      );
    });
  }

  test('parseCacheFrom() says what to give for an inline cache', () => {
    assert.throws(() => parseCacheFrom('type=inline'), /type=inline is for --cache-to/);
  });
});
