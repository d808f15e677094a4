import * as assert from 'uvu/assert';
import { containerPrefix } from '../../../../src/operations/containers/container-name.js';
import { suite } from '../../../support/suite.js';

// What Debian's buildah 1.28 puts before `working-container`.
suite('containerPrefix', (test) => {
  for (const [asked, known, expected] of [
    ['scratch', undefined, ''],
    ['busybox', 'localhost/busybox:latest', 'busybox-'],
    ['89e84e845b26', 'localhost/busybox:latest', 'busybox-'],
    ['localhost/busybox@sha256:00', 'localhost/busybox:latest', 'busybox-'],
    ['docker://host:5000/a/b:1', 'host:5000/a/b:1', 'host-'],
    ['dir:/srv/image', undefined, 'dir-'],
    ['oci:/srv/layout:tag', 'localhost/tag:latest', 'layout-'],
    ['docker-archive:/srv/a.tar', 'docker.io/library/foo:bar', 'foo-'],
    ['89e84e845b26', undefined, '89e84e845b26-'],
  ] as const) {
    test(`${asked}, known as ${known}`, () => assert.is(containerPrefix(asked, known), expected));
  }
});
