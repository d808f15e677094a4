import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { findHelper, helperCommand, tunnelProblem } from '../../../../src/sandbox/network/helpers.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

suite('helperCommand()', (test) => {
  const given = { options: ['--mtu', '1500'], hostReachable: false, isRealRoot: false };

  test('pasta: the host stays out of reach unless it is asked for; options come before what must not be changed', () => {
    const { argv } = helperCommand('pasta', '/bin/pasta', given);
    assert.is(argv[0], '/bin/pasta');
    assert.ok(argv.includes('--no-map-gw'));
    assert.ok(argv.includes('--foreground'));
    assert.not.ok(argv.includes('--runas'));
    assert.equal(argv.slice(-6), ['--mtu', '1500', '--userns', '/proc/%p/ns/user', '--netns', '/proc/%p/ns/net']);
    const open = helperCommand('pasta', '/bin/pasta', { ...given, hostReachable: true, isRealRoot: true }).argv;
    assert.not.ok(open.includes('--no-map-gw'));
    assert.is(open[open.indexOf('--runas') + 1], '0');
  });

  test('slirp4netns: as for pasta', () => {
    const command = helperCommand('slirp4netns', '/bin/slirp4netns', given);
    assert.ok(command.argv.includes('--disable-host-loopback'));
    assert.equal(command.argv.slice(-4), ['--mtu', '1500', '%p', 'tap0']);
    // The addresses of slirp4netns(1).
    assert.equal([command.resolver, command.gateway], ['10.0.2.3', '10.0.2.2']);
    assert.not.ok(helperCommand('slirp4netns', '/bin/s', { ...given, hostReachable: true }).argv.includes('--disable-host-loopback'));
  });

  test('findHelper() takes programs, of absolute folders only', () =>
    withTempDir((directory) => {
      const file = join(directory, 'pasta');
      writeFileSync(file, '');
      chmodSync(file, 0o644);
      assert.is.not(findHelper('pasta', `relative:${directory}`), file);
      chmodSync(file, 0o755);
      assert.is(findHelper('pasta', `relative:${directory}`), file);
    }));

  test('tunnelProblem() names the device and the reason', () => {
    assert.match(tunnelProblem('/dev/nothing/there')!, '/dev/nothing/there cannot be opened (ENOENT)');
    assert.is(tunnelProblem('/dev/null'), undefined);
  });
});
