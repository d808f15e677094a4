// Run by native/Makefile: compiles the profiles that come with tsbuild, and names the calls of one for the launcher.
//   build.mjs filter PROFILE.json SYSCALLS.json OUT     writes OUT-x86_64.bpf and OUT-aarch64.bpf
//   build.mjs calls PROFILE.json SYSCALLS.json HEADER   writes the calls that the profile hands to the supervisor, as C
import { readFileSync, writeFileSync } from 'node:fs';
import { DEFAULT_CAPABILITIES } from '../capabilities.js';
import { compileProfile, type SyscallTables } from './compile-profile.js';
import { parseProfile } from './profile.js';

const [kind, profileFile = '', tablesFile = '', out = ''] = process.argv.slice(2);
const profile = parseProfile(readFileSync(profileFile, 'utf8'));
const tables = JSON.parse(readFileSync(tablesFile, 'utf8')) as SyscallTables;

if (kind === 'filter') {
  for (const machine of ['x86_64', 'aarch64'] as const) {
    // A kernel of any age: what comes with tsbuild has no rules for some kernels only.
    const options = { tables, machine, capabilities: DEFAULT_CAPABILITIES, kernel: '0', strictNames: true };
    writeFileSync(`${out}-${machine}.bpf`, compileProfile(profile, options));
  }
} else {
  writeFileSync(out, callsHeader());
}

function callsHeader(): string {
  const names = [...new Set(profile.rules.filter(({ action }) => action === 'SCMP_ACT_NOTIFY').flatMap((rule) => rule.names))];
  const audits = { x86_64: 'AUDIT_ARCH_X86_64', i386: 'AUDIT_ARCH_I386', aarch64: 'AUDIT_ARCH_AARCH64' } as const;
  const rows = Object.entries(audits).flatMap(([table, audit]) =>
    names.filter((name) => tables[table]?.[name] !== undefined).map((name) => `  {${audit}, ${tables[table]?.[name]}, CALL_${name}},`),
  );
  const lines = [
    'enum fake_call {',
    ...names.map((name) => `  CALL_${name},`),
    '};',
    '#define FAKE_CALLS \\',
    ...rows.map((row) => `${row} \\`),
    '',
  ];
  return `${lines.join('\n')}\n`;
}
