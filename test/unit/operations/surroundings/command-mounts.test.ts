import * as assert from 'uvu/assert';
import { UsageError } from '../../../../src/errors.js';
import { Entitlements } from '../../../../src/operations/surroundings/entitlements.js';
import { resolveImageMounts } from '../../../../src/operations/surroundings/image-mounts.js';
import { parseMountFlag } from '../../../../src/operations/surroundings/mount-flag.js';
import { parseVolume } from '../../../../src/operations/surroundings/run-flags.js';
import { suite } from '../../../support/suite.js';

const PLAIN = { nosuid: false, nodev: false, noexec: false };

suite('parseVolume', (test) => {
  const volume = { kind: 'volume', target: '/t', hostPath: '/', readOnly: false, overlay: false, chown: false, ...PLAIN };
  for (const [options, expected] of [
    ['', {}],
    [':ro,z', { readOnly: true, relabel: 'shared' }],
    [':O,U', { overlay: true, chown: true }],
    [':rslave,bind,nosuid', { propagation: 'slave', recursive: false, nosuid: true }],
  ] as const)
    test(`/:/t${options}`, () => assert.equal(parseVolume(`/:/t${options}`), { ...volume, ...expected }));

  for (const [text, problem] of [
    ['/', /expected HOST:TARGET/],
    ['/:t', /absolute TARGET/],
    ['/:/', /absolute TARGET/],
    ['/:/t:ro:ro', /expected HOST:TARGET/],
    ['/:/t:shared,slave', /"shared" and "slave" exclude each other/],
    ['/:/t:noexec,exec', /exclude each other/],
    ['/:/t:idmap', /unknown option "idmap"/],
    ['/nowhere/at/all:/t', /does not exist/],
  ] as const)
    test(`refuses ${text}`, () =>
      assert.throws(
        () => parseVolume(text),
        (error: unknown) => error instanceof UsageError && problem.test(error.message),
      ));
});

suite('parseMountFlag', (test) => {
  test('a bind is of this machine, with `from` of an image', () => {
    const bind = { kind: 'volume', target: '/t', hostPath: '/s', readOnly: true, chown: false, ...PLAIN };
    assert.equal(parseMountFlag('type=bind,source=/s,target=/t'), bind);
    assert.equal(parseMountFlag('source=/s,target=/t,rw,U,rshared'), { ...bind, readOnly: false, chown: true, propagation: 'shared' });
    const mount = parseMountFlag('type=bind,from=alpine,source=/bin,target=/t');
    assert.equal([mount.kind, mount.kind === 'of-image' && mount.image], ['of-image', 'alpine']);
  });

  for (const text of ['type=bind,target=/t', 'source=/s,target=t', 'source=/s,target=/', 'source=/s,target=/t,z,Z', 'nothing=1'])
    test(`refuses ${text}`, () =>
      assert.throws(
        () => parseMountFlag(text),
        (error: unknown) => error instanceof UsageError,
      ));
});

suite('resolveImageMounts', (test) => {
  test('each image is a source of the command, the others stay as they are', async () => {
    const mounts = ['source=/s,target=/t', 'from=a,source=/x,target=/a', 'type=cache,from=b,target=/b'].map((text) => parseMountFlag(text));
    const images: string[] = [];
    const resolved = await resolveImageMounts(mounts, async (image) => images.push(image) - 1);
    assert.equal(images, ['a', 'b']);
    assert.equal(
      resolved.map((mount) => [mount.kind, 'target' in mount ? mount.target : undefined, 'from' in mount ? mount.from : undefined]),
      [
        ['volume', '/t', undefined],
        ['bind', '/a', { input: 0 }],
        ['cache', '/b', { input: 1 }],
      ],
    );
  });
});

suite('Entitlements', (test) => {
  test('demand() passes what was allowed only', () => {
    new Entitlements(['network.host', 'security.insecure']).demand('security.insecure', 'RUN --security=insecure');
    assert.throws(
      () => new Entitlements(['network.host']).demand('security.insecure', 'RUN --security=insecure'),
      /is not allowed: security.insecure/,
    );
  });

  test('an unknown one is refused', () => {
    assert.throws(() => new Entitlements(['security']), /invalid entitlement "security"/);
  });
});
