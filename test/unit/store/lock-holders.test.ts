import * as assert from 'uvu/assert';
import { parseLocks } from '../../../src/store/lock-holders.js';
import { suite } from '../../support/suite.js';

// Lines as proc_locks(5) shows them. Device 08:01 is 0x801 in stat(2).
const LOCKS = `1: POSIX  ADVISORY  WRITE 100 08:01:42 0 EOF
2: FLOCK  ADVISORY  WRITE 4711 08:01:42 0 EOF
2: -> FLOCK  ADVISORY  WRITE 4712 08:01:42 0 EOF
3: FLOCK  ADVISORY  READ  4713 08:02:42 0 EOF
4: FLOCK  ADVISORY  READ  0 08:01:42 0 EOF
5: FLOCK  ADVISORY  READ  4714 08:01:43 0 EOF
`;

suite('parseLocks()', (test) => {
  test('those who hold the file with flock(2), not those who wait nor those who cannot be named', () => {
    assert.equal(parseLocks(LOCKS, { dev: 0x801, ino: 42 }), [4711]);
  });
  test('the device counts', () => {
    assert.equal(parseLocks(LOCKS, { dev: 0x802, ino: 42 }), [4713]);
    assert.equal(parseLocks(LOCKS, { dev: 0x803, ino: 42 }), []);
  });
});
