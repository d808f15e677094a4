import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { executionOf } from '../../../src/sandbox/foreign-platform.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

// As the packages of qemu-user register them.
const MAGIC = '7f454c460201010000000000000000000200b700';
const MASK = 'ffffffffffffff00fffffffffffffffffeffffff';

const entry = (flags: string, state = 'enabled') =>
  `${state}\ninterpreter /usr/bin/qemu-aarch64-static\nflags: ${flags}\noffset 0\nmagic ${MAGIC}\nmask ${MASK}\n`;

function withRegistered<T>(entries: Readonly<Record<string, string>>, body: (directory: string) => T): Promise<T> {
  return withTempDir((directory) => {
    for (const [name, text] of Object.entries({ status: 'enabled\n', register: '', ...entries }))
      writeFileSync(join(directory, name), text);
    return body(directory);
  });
}

suite('sandbox/foreign-platform', (test) => {
  for (const [architecture, own] of [
    ['amd64', 'amd64'],
    ['386', 'amd64'],
    ['arm', 'arm64'],
  ] as const) {
    test(`${architecture} is native on ${own}`, () => {
      assert.equal(executionOf(architecture, own, '/nonexistent'), { kind: 'native' });
    });
  }

  test('a registered emulator is found by what it is registered for, not by its name', () =>
    withRegistered({ 'some-name': entry('POCF') }, (directory) => {
      assert.equal(executionOf('arm64', 'amd64', directory), { kind: 'emulated', interpreter: '/usr/bin/qemu-aarch64-static' });
      assert.is(executionOf('riscv64', 'amd64', directory).kind, 'impossible');
    }));

  for (const [name, entries, reason] of [
    ['nothing registered', {}, /no emulator is registered in/],
    ['one that is disabled', { qemu: entry('F', 'disabled') }, /no emulator is registered in/],
    ['one without the flag F', { qemu: entry('OC') }, /qemu is registered without the flag F/],
    ['emulation switched off', { status: 'disabled\n', qemu: entry('F') }, /not there, or disabled/],
    ['one that goes by file names', { ext: 'enabled\ninterpreter /bin/x\nflags: F\nextension .exe\n' }, /no emulator is registered in/],
  ] as const) {
    test(`impossible with ${name}`, () =>
      withRegistered(entries, (directory) => {
        const execution = executionOf('arm64', 'amd64', directory);
        assert.match(execution.kind === 'impossible' ? execution.reason : '', reason);
      }));
  }

  test('impossible where binfmt_misc is not mounted', () => {
    assert.is(executionOf('arm64', 'amd64', '/nonexistent').kind, 'impossible');
  });
});
