import * as assert from 'uvu/assert';
import { formatTransport, parseTransport } from '../../../src/transports/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

suite('parseTransport()', (test) => {
  const known = [
    ['docker://example.com:5000/a/b:c', { kind: 'docker', reference: 'example.com:5000/a/b:c' }],
    ['oci:/path', { kind: 'oci', path: '/path' }],
    ['oci:/path:localhost/app:latest', { kind: 'oci', path: '/path', reference: 'localhost/app:latest' }],
    ['oci:/path:@2', { kind: 'oci', path: '/path', position: 2 }],
    ['oci-archive:a.tar:v1', { kind: 'oci-archive', path: 'a.tar', reference: 'v1' }],
    ['docker-archive:a.tar', { kind: 'docker-archive', path: 'a.tar' }],
    ['docker-archive:a.tar:example.com/a:v1', { kind: 'docker-archive', path: 'a.tar', reference: 'example.com/a:v1' }],
    ['docker-archive:a.tar:@0', { kind: 'docker-archive', path: 'a.tar', position: 0 }],
    ['dir:/a:b', { kind: 'dir', path: '/a:b' }],
    ['containers-storage:localhost/app', { kind: 'containers-storage', reference: 'localhost/app' }],
  ] as const;
  for (const [text, name] of known) {
    test(text, () => {
      assert.equal(parseTransport(text), name);
      assert.is(formatTransport(name), text);
    });
  }

  // The forms of containers-transports(5), "containers-storage".
  const id = '0'.repeat(64);
  const inStores = [
    ['containers-storage:[overlay@/a+/run]app:1', { reference: 'app:1', root: '/a' }],
    ['containers-storage:[vfs@/a+/run:vfs.x=1,y=2]app', { reference: 'app', root: '/a' }],
    ['containers-storage:[/a]app', { reference: 'app', root: '/a' }],
    ['containers-storage:[overlay]app', { reference: 'app' }],
    ['containers-storage:[]app', { reference: 'app' }],
    [`containers-storage:app@${id}`, { reference: id }],
    [`containers-storage:[overlay@/a]@${id}`, { reference: id, root: '/a' }],
  ] as const;
  for (const [text, name] of inStores) {
    test(text, () => assert.equal(parseTransport(text), { kind: 'containers-storage', ...name }));
  }

  for (const text of ['app', 'app:latest', 'localhost:5000/app', 'example.com/a@sha256:b', 'https://x', '', 'ocix:a']) {
    test(`${JSON.stringify(text)} is no transport`, () => {
      assert.is(parseTransport(text), undefined);
    });
  }

  for (const text of [
    'docker:app',
    'docker://',
    'oci:',
    'oci::ref',
    'oci:/p:a//b',
    'oci:/p:-a',
    'docker-archive:a.tar:notag',
    'docker-archive:a.tar:a@sha256:0',
    'dir:',
    'containers-storage:',
    'containers-storage:[overlay@/a]',
    'containers-storage:[overlay@/a',
    'containers-storage:[overlay@a]b',
  ]) {
    test(`${text} is refused`, () => rejects(() => parseTransport(text), { code: 'REFERENCE_SYNTAX' }));
  }
  for (const text of ['docker-daemon:app:1', 'ostree:a']) {
    test(`${text} is not supported`, () => rejects(() => parseTransport(text), { code: 'UNSUPPORTED' }));
  }
});
