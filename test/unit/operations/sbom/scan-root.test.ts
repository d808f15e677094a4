import * as assert from 'uvu/assert';
import { scanCommands } from '../../../../src/operations/sbom/scan-root.js';
import { suite } from '../../../support/suite.js';

const SHELL = ['/bin/sh', '-c'];

suite('scanCommands()', (test) => {
  test('fills in the places, once for each context', () => {
    assert.equal(scanCommands(['scan -q "{ROOTFS}" --to {OUTPUT}', "list '{CONTEXT}/a b' {OUTPUT}"], SHELL, 2), [
      { argv: ['scan', '-q', '/.rootfs', '--to', '/.scans/scan0.json'], output: 'scan0.json' },
      { argv: ['list', '/.context0/a b', '/.scans/scan1.json'], output: 'scan1.json' },
      { argv: ['list', '/.context1/a b', '/.scans/scan2.json'], output: 'scan2.json' },
    ]);
  });

  test('leaves out those of contexts where there is none, and those that look at nothing', () => {
    assert.equal(scanCommands(['scan {CONTEXT} {OUTPUT}', 'date {OUTPUT}', 'x {ROOTFS} {OUTPUT}'], SHELL, 0), [
      { argv: ['x', '/.rootfs', '/.scans/scan0.json'], output: 'scan0.json' },
    ]);
  });

  test('gives what only a shell can run to the shell of the image', () => {
    assert.equal(scanCommands(['ls {ROOTFS} > {OUTPUT}'], ['/bin/ash', '-ec'], 0), [
      { argv: ['/bin/ash', '-ec', 'ls /.rootfs > /.scans/scan0.json'], output: 'scan0.json' },
    ]);
  });
});
