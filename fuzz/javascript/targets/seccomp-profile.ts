import { readFileSync } from 'node:fs';
import { DEFAULT_CAPABILITIES } from '../../../src/sandbox/index.js';
import { compileProfile, type SyscallTables } from '../../../src/sandbox/seccomp/compile-profile.js';
import { parseProfile } from '../../../src/sandbox/seccomp/profile.js';
import { packageFile } from '../../../src/sys/index.js';
import { demand, type FuzzTarget } from '../target.js';

// linux/bpf_common.h, linux/filter.h and kernel/seccomp.c: what the kernel takes
const KNOWN_CODES = new Set([0x20, 0x54, 0x05, 0x15, 0x25, 0x35, 0x45, 0x06]);
const MOST_INSTRUCTIONS = 4096;
const SECCOMP_DATA_BYTES = 64;
const LOAD = 0x20;
const RETURN = 0x06;
const JUMP = 0x05;

/** A few calls of each kind: compiling with all would be most of the time. */
const tables = shorten(JSON.parse(readFileSync(packageFile('native/sandbox/syscalls.json'), 'utf8')) as SyscallTables);

export const seccompProfile: FuzzTarget = {
  name: 'seccomp-profile',
  words: [
    '"SCMP_ACT_ALLOW"',
    '"SCMP_ACT_ERRNO"',
    '"SCMP_ACT_KILL"',
    '"SCMP_CMP_MASKED_EQ"',
    '"SCMP_CMP_EQ"',
    '"SCMP_CMP_LT"',
    '"SCMP_CMP_GE"',
    '"SCMP_CMP_NE"',
    '"valueTwo":3',
    '"args":[{"index":5,"value":4294967297,"op":"SCMP_CMP_GT"}]',
    '"errnoRet":38',
    '"includes":{"caps":["CAP_SYS_ADMIN"]}',
    '"excludes":{"arches":["amd64"]}',
    '"minKernel":"4.8"',
    '"names":["read","socket"]',
    '"mount"',
    '"archMap":[]',
  ],
  run(input) {
    const profile = parseProfile(input.toString('utf8'));
    const options = { tables, capabilities: DEFAULT_CAPABILITIES, kernel: '6.1.0' };
    const sizes = (['x86_64', 'aarch64'] as const).map((machine) => {
      const program = compileProfile(profile, { ...options, machine });
      checkProgram(program);
      return Math.min(program.length / 8, 40);
    });
    return `${profile.rules.length} ${profile.defaultAction} ${sizes.join()}`;
  },
};

/** As the kernel's verifier: only known instructions, jumps forward and inside, loads inside the data, a return on every way. */
function checkProgram(program: Buffer): void {
  demand(program.length % 8 === 0 && program.length > 0, 'not a whole number of instructions');
  const count = program.length / 8;
  demand(count <= MOST_INSTRUCTIONS, `${count} instructions`);
  for (let at = 0; at < count; at++) {
    const code = program.readUInt16LE(at * 8);
    const k = program.readUInt32LE(at * 8 + 4);
    demand(KNOWN_CODES.has(code), `instruction ${code.toString(16)}`);
    if (code === LOAD) demand(k % 4 === 0 && k < SECCOMP_DATA_BYTES, `a load from ${k}`);
    const next =
      code === JUMP ? [k] : code === RETURN || code === LOAD || code === 0x54 ? [0] : [program[at * 8 + 2] ?? 0, program[at * 8 + 3] ?? 0];
    if (code !== RETURN) for (const far of next) demand(at + 1 + far < count, 'a jump behind the end');
  }
  demand(program.readUInt16LE((count - 1) * 8) === RETURN, 'the last instruction returns nothing');
}

function shorten(all: SyscallTables): SyscallTables {
  const names = ['read', 'write', 'socket', 'clone', 'clone3', 'mount', 'ptrace', 'personality', 'ioctl', 'execve', 'bpf', 'keyctl'];
  return Object.fromEntries(
    Object.entries(all).map(([table, calls]) => [
      table,
      Object.fromEntries(Object.entries(calls).filter(([name]) => names.includes(name))),
    ]),
  );
}
