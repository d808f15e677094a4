import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { DEFAULT_CAPABILITIES } from '../../../../src/sandbox/index.js';
import { type CompileOptions, compileProfile, type Machine, type SyscallTables } from '../../../../src/sandbox/seccomp/compile-profile.js';
import { parseProfile } from '../../../../src/sandbox/seccomp/profile.js';
import { packageFile } from '../../../../src/sys/index.js';
import { suite } from '../../../support/suite.js';

const readText = (name: string): string => readFileSync(packageFile(`native/sandbox/${name}`), 'utf8');
const tables = JSON.parse(readText('syscalls.json')) as SyscallTables;

function compile(profile: object | string, machine: Machine, options: Partial<CompileOptions> = {}): Buffer {
  const parsed = parseProfile(typeof profile === 'string' ? profile : JSON.stringify(profile));
  return compileProfile(parsed, { tables, machine, capabilities: DEFAULT_CAPABILITIES, kernel: '6.1.0', strictNames: true, ...options });
}

const ALLOW = 'allow';
const AUDIT = { x86_64: 0xc000003e, i386: 0x40000003, aarch64: 0xc00000b7 } as const;
const MACHINE = { x86_64: 'x86_64', i386: 'x86_64', aarch64: 'aarch64' } as const;
type Architecture = keyof typeof AUDIT;

/** A small interpreter of classic BPF, written from linux/filter.h, not from the compiler. */
function answer(program: Buffer, nr: number, arch: number, args: readonly bigint[] = []): string {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(nr >>> 0, 0);
  data.writeUInt32LE(arch, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(BigInt.asUintN(64, value), 16 + index * 8);
  let a = 0;
  for (let pc = 0; ; pc++) {
    const code = program.readUInt16LE(pc * 8);
    const [jt, jf] = [program[pc * 8 + 2] as number, program[pc * 8 + 3] as number];
    const k = program.readUInt32LE(pc * 8 + 4);
    if (code === 0x20) a = data.readUInt32LE(k);
    else if (code === 0x54) a = (a & k) >>> 0;
    else if (code === 0x05) pc += k;
    else if (code === 0x15) pc += a === k ? jt : jf;
    else if (code === 0x25) pc += a > k ? jt : jf;
    else if (code === 0x35) pc += a >= k ? jt : jf;
    else if (code === 0x06) return describe(k);
    else throw new Error(`Instruction ${code.toString(16)} is not known`);
  }
}

function describe(value: number): string {
  if (value === 0x7fff0000) return ALLOW;
  if (value >>> 16 === 5) return `errno ${value & 0xffff}`;
  return value === 0x80000000 ? 'kill' : `0x${value.toString(16)}`;
}

const programs = new Map<string, Buffer>();
function byDefault(name: string | number, args: readonly bigint[] = [], architecture: Architecture = 'x86_64'): string {
  const machine = MACHINE[architecture];
  const program = programs.get(machine) ?? compile(readText('seccomp-default.json'), machine);
  programs.set(machine, program);
  const number = typeof name === 'number' ? name : tables[architecture]?.[name];
  if (number === undefined) throw new Error(`${architecture} has no ${name}`);
  return answer(program, number, AUDIT[architecture], args);
}

suite('the default seccomp profile', (test) => {
  const cases: readonly (readonly [name: string, args: readonly bigint[], expected: string])[] = [
    ['read', [], ALLOW],
    ['openat2', [], ALLOW],
    ['fchmodat2', [], ALLOW],
    ['execve', [], ALLOW],
    ['ptrace', [], ALLOW],
    ['chroot', [], ALLOW],
    ['socket', [2n, 1n, 6n], ALLOW], // AF_INET: what DNS needs
    ['socket', [1n, 1n, 0n], ALLOW],
    ['socket', [16n, 3n, 0n], ALLOW], // netlink, route
    ['socket', [16n, 3n, 9n], 'errno 22'], // netlink, audit
    ['socket', [2n, 3n, 9n], ALLOW],
    ['socket', [16n + (1n << 32n), 3n, 9n], ALLOW], // both halves count
    ['clone', [0x01200011n], ALLOW], // fork of glibc
    ['clone', [0x003d0f00n], ALLOW], // pthread_create
    ['clone', [0x10000000n], ALLOW], // CLONE_NEWUSER, as with Buildah
    ['clone3', [], ALLOW],
    ['unshare', [0x10000000n], ALLOW],
    ['mount', [], ALLOW], // the kernel asks for CAP_SYS_ADMIN
    ['bpf', [], 'errno 1'],
    ['personality', [0n], ALLOW],
    ['personality', [0xffffffffn], ALLOW],
    ['personality', [0x20008n], ALLOW],
    ['personality', [0x40000n], 'errno 1'],
    ['personality', [0x1n], 'errno 38'],
    ['personality', [1n << 32n], 'errno 38'],
    ['keyctl', [], 'errno 1'],
    ['io_uring_setup', [], 'errno 1'],
    ['userfaultfd', [], 'errno 1'],
    ['kexec_load', [], 'errno 1'],
    ['init_module', [], 'errno 1'],
    ['open_by_handle_at', [], 'errno 1'],
  ];
  for (const [name, args, expected] of cases)
    test(`${name}(${args.map((value) => `0x${value.toString(16)}`).join(', ')}): ${expected}`, () => {
      assert.is(byDefault(name, args), expected);
    });

  for (const architecture of ['i386', 'aarch64'] as const)
    test(`${architecture} has the same rules under its own numbers`, () => {
      assert.is(byDefault('read', [], architecture), ALLOW);
      assert.is(byDefault('openat', [], architecture), ALLOW);
      assert.is(byDefault('socket', [2n, 1n, 0n], architecture), ALLOW);
      assert.is(byDefault('socket', [16n, 3n, 9n], architecture), 'errno 22');
      assert.is(byDefault('bpf', [], architecture), 'errno 1');
      assert.is(byDefault('personality', [0x1n], architecture), 'errno 38');
    });

  test('what nobody named, or does not exist yet, is unknown to the program', () => {
    assert.is(byDefault('kcmp'), ALLOW);
    for (const number of [335, 423, 600, 100000, 0x3fffffff]) assert.is(byDefault(number), 'errno 38', String(number));
  });

  test('x32 calls do not pass by the rules', () => {
    for (const number of [0, 59, 165, 520]) assert.is(byDefault(0x40000000 + number), 'errno 38');
    assert.is(byDefault(0xffffffff), 'errno 38');
  });

  test('another architecture is the end of the program', () => {
    const program = compile(readText('seccomp-default.json'), 'x86_64');
    assert.is(answer(program, 0, AUDIT.aarch64), 'kill');
  });

  test('the built program is that of the profile', () => {
    for (const machine of ['x86_64', 'aarch64'] as const) {
      const built = readFileSync(packageFile(`dist/native/seccomp-${machine}.bpf`));
      assert.ok(built.equals(compile(readText('seccomp-default.json'), machine)));
    }
  });
});

suite('the single-id profile', (test) => {
  const program = compile(readText('seccomp-fake-ids.json'), 'x86_64');
  const fake = (name: string, args: readonly bigint[] = []): string => answer(program, tables.x86_64?.[name] as number, AUDIT.x86_64, args);

  test('calls that need a second id succeed without doing anything', () => {
    for (const name of ['chown', 'lchown', 'fchown', 'fchownat', 'setuid', 'setresgid', 'setgroups', 'capset'])
      assert.is(fake(name), 'errno 0', name);
  });
  test('devices are not made, fifos and files are', () => {
    assert.is(fake('mknod', [0n, 0o020666n]), 'errno 0');
    assert.is(fake('mknodat', [0n, 0n, 0o060660n]), 'errno 0');
    for (const mode of [0o010644n, 0o100644n, 0o140755n, 0n]) {
      assert.is(fake('mknod', [0n, mode]), ALLOW);
      assert.is(fake('mknodat', [0n, 0n, mode]), ALLOW);
    }
  });
  test('all else is left to the filter below', () => {
    for (const name of ['read', 'mount', 'getuid', 'execve']) assert.is(fake(name), ALLOW);
  });
});

suite('compileProfile()', (test) => {
  const one = (op: string, value: number, valueTwo?: number): ((argument: bigint) => string) => {
    const args = [{ index: 0, op, value, ...(valueTwo === undefined ? {} : { valueTwo }) }];
    const profile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 38,
      syscalls: [{ names: ['personality'], action: 'SCMP_ACT_ALLOW', args }],
    };
    const program = compile(profile, 'x86_64');
    return (argument) => answer(program, tables.x86_64?.personality as number, AUDIT.x86_64, [argument]);
  };
  const wide = 1n << 40n;
  const table: readonly (readonly [op: string, value: number, two: number | undefined, yes: readonly bigint[], no: readonly bigint[]])[] = [
    ['SCMP_CMP_EQ', 5, undefined, [5n], [4n, 6n, 5n + wide]],
    ['SCMP_CMP_NE', 5, undefined, [4n, 6n, 5n + wide], [5n]],
    ['SCMP_CMP_GT', 5, undefined, [6n, wide], [5n, 4n]],
    ['SCMP_CMP_GE', 5, undefined, [5n, 6n, wide], [4n]],
    ['SCMP_CMP_LT', 5, undefined, [4n, 0n], [5n, 6n, wide]],
    ['SCMP_CMP_LE', 5, undefined, [5n, 4n], [6n, wide]],
    ['SCMP_CMP_LT', 2 ** 40, undefined, [4n, wide - 1n], [wide, wide + 1n]],
    ['SCMP_CMP_MASKED_EQ', 0xf0, 0x20, [0x20n, 0x2fn, 0x20n + wide], [0x30n, 0n]],
  ];
  for (const [op, value, two, yes, no] of table)
    test(`${op} ${value}`, () => {
      const ask = one(op, value, two);
      for (const argument of yes) assert.is(ask(argument), ALLOW, `${argument}`);
      for (const argument of no) assert.is(ask(argument), 'errno 38', `${argument}`);
    });

  test('all conditions of a rule must hold, one of several rules must', () => {
    const args = [
      { index: 0, op: 'SCMP_CMP_EQ', value: 1 },
      { index: 1, op: 'SCMP_CMP_NE', value: 2 },
    ];
    const syscalls = [
      { names: ['socket'], action: 'SCMP_ACT_ALLOW', args },
      { names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: 7, args: [{ index: 0, op: 'SCMP_CMP_EQ', value: 9 }] },
    ];
    const program = compile({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, 'x86_64');
    const ask = (...values: bigint[]): string => answer(program, tables.x86_64?.socket as number, AUDIT.x86_64, values);
    assert.is(ask(1n, 3n), ALLOW);
    assert.is(ask(1n, 2n), 'errno 1');
    assert.is(ask(9n, 2n), 'errno 7');
  });

  test('a name nobody knows is refused', () => {
    const syscalls = [{ names: ['raed'], action: 'SCMP_ACT_ALLOW' }];
    assert.throws(() => compile({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, 'x86_64'), /there is no system call "raed"/);
  });

  test('an action nobody knows is refused', () => {
    const syscalls = [{ names: ['read'], action: 'SCMP_ACT_ALOW' }];
    assert.throws(() => compile({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, 'x86_64'), /"SCMP_ACT_ALOW" is not known/);
  });

  test('a name nobody knows is passed over in a profile of the user’s, as by other tools', () => {
    const syscalls = [{ names: ['raed', 'read'], action: 'SCMP_ACT_ALLOW' }];
    const program = compile({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, 'x86_64', { strictNames: false });
    assert.is(answer(program, 0, AUDIT.x86_64), ALLOW);
    assert.is(answer(program, 1, AUDIT.x86_64), 'errno 1');
  });

  test('two conditions on one argument are two rules', () => {
    const args = [1, 3].map((value) => ({ index: 0, op: 'SCMP_CMP_EQ', value }));
    const program = compile(
      { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['socket'], action: 'SCMP_ACT_ALLOW', args }] },
      'x86_64',
    );
    const ask = (value: bigint): string => answer(program, 41, AUDIT.x86_64, [value]); // socket is 41: asm/unistd_64.h
    assert.equal([1n, 2n, 3n].map(ask), [ALLOW, 'errno 1', ALLOW]);
  });

  test('includes and excludes: capabilities, architectures, kernels', () => {
    const rule = (name: string, when: object) => ({ names: [name], action: 'SCMP_ACT_ALLOW', ...when });
    const syscalls = [
      rule('mount', { includes: { caps: ['CAP_SYS_ADMIN'] } }),
      rule('umount2', { includes: { caps: ['CAP_SYS_ADMIN', 'CAP_CHOWN'] } }),
      rule('unshare', { excludes: { caps: ['CAP_SYS_ADMIN'] } }),
      rule('read', { includes: { arches: ['amd64'] } }),
      rule('write', { excludes: { arches: ['x86'] } }),
      rule('ptrace', { includes: { minKernel: '4.8' } }),
      rule('bpf', { includes: { minKernel: '6.10' } }),
    ];
    const names = syscalls.map(({ names: [name] }) => name!);
    const allowed = (architecture: Architecture, options: Partial<CompileOptions>): string[] => {
      const program = compile({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, MACHINE[architecture], options);
      return names.filter((name) => answer(program, tables[architecture]?.[name] as number, AUDIT[architecture]) === ALLOW);
    };
    assert.equal(allowed('x86_64', { capabilities: ['CAP_CHOWN'] }), ['unshare', 'read', 'write', 'ptrace']);
    assert.equal(allowed('x86_64', { capabilities: ['CAP_SYS_ADMIN'] }), ['mount', 'read', 'write', 'ptrace']);
    assert.equal(allowed('x86_64', { capabilities: ['CAP_CHOWN', 'CAP_SYS_ADMIN'], kernel: '6.18.44' }), [
      ...['mount', 'umount2', 'read', 'write', 'ptrace', 'bpf'],
    ]);
    assert.equal(allowed('i386', { capabilities: [], kernel: '4.7.9-generic' }), ['unshare']);
  });

  test('x32 is admitted where the profile names it, under its own numbers', () => {
    const profile = (subArchitectures: readonly string[]) => ({
      defaultAction: 'SCMP_ACT_ERRNO',
      archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures }],
      syscalls: [{ names: ['read', 'execve'], action: 'SCMP_ACT_ALLOW' }],
    });
    const X32 = 0x40000000;
    const admitted = compile(profile(['SCMP_ARCH_X86', 'SCMP_ARCH_X32']), 'x86_64');
    // execve is 59 on x86_64 and 520 on x32: asm/unistd_x32.h
    const asked = [X32 + 0, X32 + 520, X32 + 59, 0, 59, 520].map((number) => answer(admitted, number, AUDIT.x86_64));
    assert.equal(asked, [ALLOW, ALLOW, 'errno 1', ALLOW, ALLOW, 'errno 1']);
    assert.is(answer(admitted, 3, AUDIT.i386), ALLOW); // read
    const refused = compile(profile([]), 'x86_64');
    assert.equal(
      [X32 + 0, 0].map((number) => answer(refused, number, AUDIT.x86_64)),
      ['errno 1', ALLOW],
    );
    assert.is(answer(refused, 3, AUDIT.i386), 'errno 1');
  });

  test('every action and every kind of error number', () => {
    const actions: readonly (readonly [action: string, value: number])[] = [
      ['SCMP_ACT_KILL', 0],
      ['SCMP_ACT_KILL_THREAD', 0],
      ['SCMP_ACT_KILL_PROCESS', 0x80000000],
      ['SCMP_ACT_TRAP', 0x00030000],
      ['SCMP_ACT_TRACE', 0x7ff00001],
      ['SCMP_ACT_LOG', 0x7ffc0000],
      ['SCMP_ACT_ALLOW', 0x7fff0000],
      ['SCMP_ACT_NOTIFY', 0x7fc00000],
    ];
    for (const [action, value] of actions) {
      const program = compile({ defaultAction: action, syscalls: [] }, 'x86_64');
      assert.is(answer(program, 0, AUDIT.x86_64), describe(value), action);
    }
    const errno = (fields: object): string =>
      answer(compile({ defaultAction: 'SCMP_ACT_ERRNO', ...fields, syscalls: [] }, 'x86_64'), 0, AUDIT.x86_64);
    assert.is(errno({}), 'errno 1');
    assert.is(errno({ defaultErrnoRet: 38, defaultErrno: 'EPERM' }), 'errno 38');
    assert.is(errno({ defaultErrno: 'ENOSYS' }), 'errno 38');
  });
});
