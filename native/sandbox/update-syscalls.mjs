// Writes syscalls.json, the system call numbers of each architecture, from the headers of this machine (Debian: linux-libc-dev).
// Run by hand when a newer kernel's headers are at hand: `node native/sandbox/update-syscalls.mjs`.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Numbers newer than the headers this was last run with. From 5.1 on a call has one number on all architectures. */
const newer = {
  cachestat: 451, fchmodat2: 452, map_shadow_stack: 453, futex_wake: 454, futex_wait: 455, futex_requeue: 456, statmount: 457,
  listmount: 458, lsm_get_self_attr: 459, lsm_set_self_attr: 460, lsm_list_modules: 461, mseal: 462, setxattrat: 463, getxattrat: 464,
  listxattrat: 465, removexattrat: 466, open_tree_attr: 467, file_getattr: 468, file_setattr: 469,
};

const sources = {
  x86_64: ['#include <asm/unistd_64.h>'],
  // Without the bit that tells them from those of x86_64.
  x32: ['#define __X32_SYSCALL_BIT 0', '#include <asm/unistd_x32.h>'],
  i386: ['#include <asm/unistd_32.h>'],
  // arch/arm64/include/uapi/asm/unistd.h is these lines; they are repeated because an x86 machine does not have that file.
  aarch64: [
    '#define __BITS_PER_LONG 64',
    '#define __ARCH_WANT_RENAMEAT', '#define __ARCH_WANT_NEW_STAT', '#define __ARCH_WANT_SET_GET_RLIMIT',
    '#define __ARCH_WANT_TIME32_SYSCALLS', '#define __ARCH_WANT_SYS_CLONE3', '#define __ARCH_WANT_MEMFD_SECRET',
    '#define __ASM_X86_BITSPERLONG_H', '#define _ASM_X86_BITSPERLONG_H', '#define __ASM_GENERIC_BITS_PER_LONG',
    '#include <asm-generic/unistd.h>',
  ],
};

const tables = {};
for (const [architecture, lines] of Object.entries(sources)) {
  const names = preprocess(lines, ['-dM']).matchAll(/^#define __NR_(\w+) /gm);
  const wanted = [...names].map(([, name]) => name).filter((name) => !/^(3264_|arch_specific_syscall$|syscalls$|sync_file_range2$)/.test(name));
  const values = preprocess([...lines, ...wanted.map((name) => `"${name}" = __NR_${name}`)], []);
  const numbers = {};
  for (const [, name, value] of values.matchAll(/^"(\w+)" = (.*)$/gm)) {
    if (!/^[\d\s()+x]+$/.test(value)) throw new Error(`${architecture}: ${name} is ${value}, not a number`);
    numbers[name] = Number(new Function(`return ${value}`)());
  }
  tables[architecture] = sorted({ ...newer, ...numbers });
}
writeFileSync(fileURLToPath(new URL('syscalls.json', import.meta.url)), `${JSON.stringify(tables, undefined, 1)}\n`);

function preprocess(lines, flags) {
  return execFileSync('cc', ['-E', '-P', ...flags, '-x', 'c', '-'], { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
}

function sorted(numbers) {
  return Object.fromEntries(Object.entries(numbers).sort(([, a], [, b]) => a - b));
}
