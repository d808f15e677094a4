import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { nameServersOf } from '../../../src/sandbox/host-files.js';
import { hostFiles } from '../../../src/sandbox/index.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

function contents(options: Parameters<typeof hostFiles>[0]): Record<string, unknown> {
  return Object.fromEntries(hostFiles(options).map(({ target, content }) => [target, content]));
}

const HOSTS = '127.0.0.1 localhost\n::1 localhost\n# comment\n192.0.2.7 mirror # ours\n\n127.0.1.1 laptop\n';

suite('hostFiles()', (test) => {
  test('on the host’s network its resolver and its names apply', () =>
    withTempDir((hostEtc) => {
      writeFileSync(join(hostEtc, 'hosts'), HOSTS);
      writeFileSync(join(hostEtc, 'resolv.conf'), 'nameserver 127.0.0.53\noptions edns0\n');
      assert.equal(contents({ hostname: 'box', network: 'host', hostEtc }), {
        '/etc/hosts': '127.0.0.1\tlocalhost box\n::1\tlocalhost ip6-localhost ip6-loopback\n192.0.2.7 mirror\n127.0.1.1 laptop\n',
        '/etc/hostname': 'box\n',
        '/etc/resolv.conf': 'nameserver 127.0.0.53\noptions edns0\n',
      });
    }));

  test('without network there is nobody to ask', () =>
    withTempDir((hostEtc) => {
      writeFileSync(join(hostEtc, 'hosts'), HOSTS);
      writeFileSync(join(hostEtc, 'resolv.conf'), 'nameserver 192.0.2.1\n');
      assert.equal(contents({ hostname: 'box', network: 'none', hostEtc }), {
        '/etc/hosts': '127.0.0.1\tlocalhost box\n::1\tlocalhost ip6-localhost ip6-loopback\n',
        '/etc/hostname': 'box\n',
        '/etc/resolv.conf': '',
      });
    }));

  test('names that were asked for come first, so that they win', () =>
    withTempDir((hostEtc) => {
      const extraHosts = [{ name: 'db', address: '192.0.2.9' }];
      assert.match(
        String(contents({ hostname: 'box', network: 'host', hostEtc, extraHosts })['/etc/hosts']),
        /^192\.0\.2\.9\tdb\n127\.0\.0\.1/,
      );
    }));

  test('a host without these files is no error', () =>
    withTempDir((hostEtc) => {
      assert.is(contents({ hostname: 'box', network: 'host', hostEtc })['/etc/resolv.conf'], '');
    }));
});

suite('nameServersOf()', (test) => {
  const cases: readonly (readonly [text: string, host: readonly string[], inPrivate: readonly string[]])[] = [
    ['# none\n', ['127.0.0.1'], ['10.0.2.3']],
    ['nameserver 192.0.2.1\nsearch a.test\n nameserver 192.0.2.2\n', ['192.0.2.1', '192.0.2.2'], ['192.0.2.1', '192.0.2.2']],
    // The resolver of systemd cannot be reached from a private network: what asks it in its place comes first.
    ['nameserver 127.0.0.53\nnameserver 192.0.2.1\n', ['127.0.0.53', '192.0.2.1'], ['10.0.2.3', '192.0.2.1']],
  ];
  for (const [text, host, inPrivate] of cases) {
    test(JSON.stringify(text), () => {
      assert.equal(nameServersOf(text), host);
      assert.equal(nameServersOf(text, '10.0.2.3'), inPrivate);
    });
  }
});
