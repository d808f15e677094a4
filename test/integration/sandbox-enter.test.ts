import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { nativeFile } from '../../src/sys/index.js';
import { skip, suite } from '../support/suite.js';
import { withTempDir } from '../support/temp-dir.js';

/** Prints what a started program sees; stands in for Node. */
const PROBE = `#!/bin/sh
echo "mode=$TSBUILD_ID_MODE uid=$TSBUILD_ROOTLESS_UID problem=$TSBUILD_ID_PROBLEM"
echo "certs=$NODE_EXTRA_CA_CERTS extra=$TSBUILD_EXTRA_CA_CERTS"
echo "id=$(id -u):$(id -g) arguments=$*"
readlink /proc/self/ns/mnt /proc/self/ns/user
cat /proc/self/uid_map
`;

function enter(args: readonly string[], body = PROBE, env: NodeJS.ProcessEnv = {}): Promise<SpawnSyncReturns<string>> {
  return withTempDir((directory) => {
    const program = join(directory, 'node');
    writeFileSync(program, body);
    chmodSync(program, 0o755);
    return spawnSync(nativeFile('tsbuild-launch'), ['enter', program, 'main.cjs', ...args], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', ...env },
    });
  });
}

const here = readFileSync('/proc/self/uid_map', 'utf8');

/** What this identity should get, worked out without the launcher. */
function expectedMode(): 'root' | 'mapped' | 'single' {
  const status = readFileSync('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(status)?.[1]}`);
  if (((effective >> 21n) & 1n) === 1n) return /^\s*0\s+0\s+4294967295\s*$/.test(here) ? 'root' : 'mapped';
  const user = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(process.getuid?.()))?.[0];
  const listed = readFileSync('/etc/subuid', 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${user}:`) || line.startsWith(`${process.getuid?.()}:`));
  return listed ? 'mapped' : 'single';
}

suite('tsbuild-launch enter', (test) => {
  test('a command that needs ids enters and is root inside', async () => {
    const { stdout, stderr, status } = await enter(['bud', '-t', 'x', '.']);
    assert.is(status, 0, stderr);
    assert.match(stdout, `mode=${expectedMode()} uid=${process.getuid?.()} `);
    assert.match(stdout, 'id=0:0 arguments=main.cjs bud -t x .');
    assert.not.match(stdout, new RegExp(`^${mountNamespace()}$`, 'm'));
  });

  test('with subordinate ids there are all of them, and no problem', async () => {
    if (expectedMode() !== 'mapped' || process.getuid?.() === 0) skip('this user has no entry in /etc/subuid');
    const { stdout } = await enter(['run']);
    assert.match(stdout, 'problem=\n');
    assert.match(stdout, new RegExp(`\n +0 +${process.getuid?.()} +1\n +1 +\\d+ +65536\n`));
  });

  test('without subordinate ids there is one, and the reason with the remedy', async () => {
    if (expectedMode() !== 'single') skip('this user can map several ids');
    const { stdout } = await enter(['run']);
    assert.match(stdout, /problem=there is no usable entry for \S+ in \/etc\/subuid; .*usermod --add-subuids 100000-165535/);
  });

  for (const args of [['images'], ['push', 'bud'], ['--help'], [], ['--root', 'bud', 'inspect'], ['--storage-opt', 'build', 'tag', 'run']])
    test(`no namespace for: ${args.join(' ') || 'no command'}`, async () => {
      const { stdout } = await enter(args);
      assert.match(stdout, 'mode= ');
      assert.match(stdout, new RegExp(`^${mountNamespace()}$`, 'm'));
    });

  for (const args of [
    ['--root', '/x', 'bud'],
    ['--root=/x', '--log-level', 'debug', 'rmi', 'x'],
    ['--debug', 'unshare'],
  ])
    test(`a namespace for: ${args.join(' ')}`, async () => {
      assert.match((await enter(args)).stdout, `mode=${expectedMode()}`);
    });

  for (const command of ['images', 'bud'])
    test(`certificates are postponed for ${command}`, async () => {
      const { stdout } = await enter([command], PROBE, { NODE_EXTRA_CA_CERTS: '/ca.pem' });
      assert.match(stdout, 'certs= extra=/ca.pem');
    });

  test('status and signal are those of the program', async () => {
    assert.is((await enter(['bud'], '#!/bin/sh\nexit 7\n')).status, 7);
    assert.is((await enter(['bud'], '#!/bin/sh\nkill -TERM $$\n')).signal, 'SIGTERM');
  });

  test('mounts made inside are not seen outside', async () => {
    await withTempDir(async (directory) => {
      const { status } = await enter(['bud'], `#!/bin/sh\nmount -t tmpfs inside "${directory}" && touch "${directory}/f"\n`);
      assert.is(status, 0);
      assert.not.match(readFileSync('/proc/self/mountinfo', 'utf8'), directory);
    });
  });

  test('a missing program is 127 and says what to install', () => {
    const { status, stderr } = spawnSync(nativeFile('tsbuild-launch'), ['enter', 'no-such-node', 'main.cjs', 'images'], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin' }, // a folder this user may not search would make it "permission denied"
    });
    assert.is(status, 127);
    assert.match(stderr, 'cannot run "no-such-node": No such file or directory');
    assert.match(stderr, 'Install Node.js');
  });

  test('inside its own namespaces it enters again and keeps what is known', async () => {
    const again = `#!/bin/sh\n[ -n "$AGAIN" ] && exec id -u\nAGAIN=1 exec "${nativeFile('tsbuild-launch')}" enter "$0" main.cjs run\n`;
    const { stdout, stderr, status } = await enter(['bud'], again);
    assert.is(status, 0, stderr);
    assert.is(stdout, '0\n');
  });

  test('ranges of a service are asked of getsubids, cut to what is here; a mapper that fails leaves one id and says so', async () => {
    if (process.getuid?.() !== 0 || expectedMode() !== 'root') skip('needs root, to show another /etc/nsswitch.conf');
    await withTempDir((directory) => {
      chmodSync(directory, 0o755);
      const put = (name: string, content: string): void => writeFileSync(join(directory, name), content, { mode: 0o755 });
      put('nsswitch.conf', 'passwd: files\nsubid: sss\n');
      // Two ranges, of which the second reaches beyond the last id there is.
      put(
        'getsubids',
        '#!/bin/sh\n[ "$1" = -g ] && echo "0: someone 300000 10" || printf "0: someone 200000 5\\n1: someone 4294967290 100\\n"\n',
      );
      for (const name of ['newuidmap', 'newgidmap']) put(name, `#!/bin/sh\nshift; echo "${name} $*" >&2; exit 3\n`);
      put('node', PROBE);
      const script =
        'mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$1" enter "$0/node" main.cjs run';
      const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, directory, nativeFile('tsbuild-launch')], {
        encoding: 'utf8',
        env: { PATH: `${directory}:/usr/sbin:/usr/bin:/bin` },
      });
      assert.equal(stderr.trim().split('\n').sort(), ['newgidmap 0 65534 1 1 300000 10', 'newuidmap 0 65534 1 1 200000 5 6 4294967290 5']);
      assert.match(stdout, 'mode=single uid=65534 problem=newuidmap failed with status 3; check the entries of');
    });
  });
});

function mountNamespace(): string {
  return spawnSync('readlink', ['/proc/self/ns/mnt'], { encoding: 'utf8' }).stdout.trim().replace(/[[\]]/g, '\\$&');
}
