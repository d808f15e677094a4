import * as assert from 'uvu/assert';
import { readDns } from '../../../../src/operations/surroundings/dns-flags.js';
import { readIsolation } from '../../../../src/operations/surroundings/isolation-flag.js';
import { parseNetwork } from '../../../../src/operations/surroundings/network-flag.js';
import { type ResourceOptions, readResources } from '../../../../src/operations/surroundings/resource-flags.js';
import { parseAddHost } from '../../../../src/operations/surroundings/run-flags.js';
import { suite } from '../../../support/suite.js';

suite('readResources()', (test) => {
  const rows: readonly (readonly [ResourceOptions, object | undefined])[] = [
    [{}, undefined],
    [{ cgroupParent: '/a' }, undefined],
    [
      { memory: '1k', memorySwap: '-1' },
      { memoryBytes: 1024, memorySwapBytes: -1 },
    ],
    [{ cpus: '1.5' }, { cpuQuotaMicroseconds: 150_000, cpuPeriodMicroseconds: 100_000 }],
    [{ cpuQuota: '-1' }, { cpuQuotaMicroseconds: -1 }],
    [{ pidsLimit: '-1' }, undefined],
    [
      { pidsLimit: '7', cgroupParent: 'a/b' },
      { pids: 7, cgroupParent: '/a/b' },
    ],
    [
      { cpusetCpus: '0-1,3', cpusetMems: '0' },
      { cpusetCpus: '0-1,3', cpusetMems: '0' },
    ],
  ];
  for (const [given, expected] of rows) {
    test(JSON.stringify(given), () => {
      const read = readResources(given);
      assert.equal(read && JSON.parse(JSON.stringify(read)), expected);
    });
  }

  const refused: readonly (readonly [ResourceOptions, RegExp])[] = [
    [{ memory: 'much' }, /--memory/],
    [{ memory: '0' }, /--memory/],
    [{ memory: '2g', memorySwap: '1g' }, /memory and swap together/],
    [{ memorySwap: '1g' }, /needs --memory/],
    [{ cpus: '0' }, /--cpus/],
    [{ cpus: '1', cpuQuota: '5' }, /exclude each other/],
    [{ cpusetCpus: '1;2' }, /--cpuset-cpus/],
    [{ pidsLimit: 'x' }, /--pids-limit/],
    [{ memory: '1g', cgroupParent: '/a/../..' }, /--cgroup-parent/],
    [{ memory: '1g', cgroupParent: 'user.slice' }, /--cgroup-parent/],
  ];
  for (const [given, message] of refused)
    test(`refuses ${JSON.stringify(given)}`, () => assert.throws(() => readResources(given), message));
});

suite('parseNetwork()', (test) => {
  const rows: readonly (readonly [string | undefined, object])[] = [
    [undefined, { kind: 'default' }],
    ['default', { kind: 'default' }],
    ['host', { kind: 'host' }],
    ['none', { kind: 'none' }],
    ['private', { kind: 'private', helper: undefined, options: [] }],
    ['pasta', { kind: 'private', helper: 'pasta', options: [] }],
    ['pasta:--mtu,1500', { kind: 'private', helper: 'pasta', options: ['--mtu', '1500'] }],
    ['slirp4netns:--enable-ipv6', { kind: 'private', helper: 'slirp4netns', options: ['--enable-ipv6'] }],
    ['ns:/run/netns/a', { kind: 'path', path: '/run/netns/a' }],
    ['/run/netns/a', { kind: 'path', path: '/run/netns/a' }],
  ];
  for (const [text, expected] of rows) test(String(text), () => assert.equal(parseNetwork(text), expected));
  for (const wrong of ['bridge', 'container:a', 'ns:', 'ns:relative', 'host:x', 'private:x', 'nothing'])
    test(`refuses ${wrong}`, () => assert.throws(() => parseNetwork(wrong), /invalid --network/));
});

suite('readDns()', (test) => {
  test('nothing given is the resolver of the host', () => assert.is(readDns({}, undefined), undefined));
  test('lists, with commas too', () =>
    assert.equal(readDns({ servers: ['192.0.2.1,::1'], search: ['a.test'], options: ['ndots:2'] }, 'host'), {
      servers: ['192.0.2.1', '::1'],
      search: ['a.test'],
      options: ['ndots:2'],
    }));
  test('none leaves the file of the image', () => assert.is(readDns({ servers: ['none'] }, undefined)?.servers, 'none'));
  for (const [given, network] of [
    [{ servers: ['none', '192.0.2.1'] }, undefined],
    [{ servers: ['none'], search: ['a'] }, undefined],
    [{ servers: ['dns.test'] }, undefined],
    [{ search: ['a b'] }, undefined],
    [{ servers: ['192.0.2.1'] }, 'none'],
  ] as const)
    test(`refuses ${JSON.stringify(given)} with ${network}`, () => assert.throws(() => readDns(given, network), /dns/));
});

suite('readIsolation()', (test) => {
  const settings = (isolation: 'chroot' | undefined, idMode: 'root' | 'mapped') => ({ isolation, idMode, runRoot: '/run/here' });
  test('the flag wins over the variable', () => {
    assert.equal(readIsolation({ isolation: 'native' }, settings('chroot', 'root')), { kind: 'native' });
    assert.equal(readIsolation({}, settings('chroot', 'root')), { kind: 'chroot' });
    assert.equal(readIsolation({ isolation: 'oci' }, settings(undefined, 'root')), { kind: 'native' });
    assert.equal(readIsolation({ isolation: 'Rootless' }, settings(undefined, 'root')), { kind: 'native' });
  });
  test('a runtime runs what is not kept apart otherwise', () => {
    const runtime = { kind: 'oci', runtime: 'crun', flags: ['--debug'], isRealRoot: false, runRoot: '/run/here' };
    assert.equal(readIsolation({ isolation: 'oci', runtime: 'crun', runtimeFlags: ['debug'] }, settings(undefined, 'mapped')), runtime);
    assert.equal(readIsolation({ runtime: 'crun', runtimeFlags: ['--debug'] }, settings(undefined, 'mapped')), runtime);
    assert.equal(readIsolation({ isolation: 'rootless', runtime: 'crun' }, settings(undefined, 'mapped')), { kind: 'native' });
  });
  test('refuses what there is not', () => {
    assert.throws(() => readIsolation({ isolation: 'hyperv' }, settings(undefined, 'root')), /unrecognized isolation type "hyperv"/);
    assert.throws(() => readIsolation({ isolation: 'chroot' }, settings(undefined, 'root'), 'none'), /--isolation chroot/);
  });
});

suite('parseAddHost()', (test) => {
  test('one name, several, IPv6, and this machine', () => {
    assert.equal(parseAddHost('a:192.0.2.1'), [{ name: 'a', address: '192.0.2.1' }]);
    assert.equal(parseAddHost('a=[2001:db8::1]'), [{ name: 'a', address: '2001:db8::1' }]);
    assert.equal(parseAddHost('a;b:host-gateway'), [
      { name: 'a', address: 'host-gateway' },
      { name: 'b', address: 'host-gateway' },
    ]);
    assert.throws(() => parseAddHost('a:gateway'), /invalid host entry/);
  });
});
