import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { nativeFile } from '../../sys/index.js';
import { compileProfile, type Machine, type SyscallTables } from './compile-profile.js';
import { parseProfile } from './profile.js';

const compiled = new Map<string, Buffer>();

/**
 * The program of a profile for commands with these capabilities, on the kernel that runs here. Compiled once for each pair.
 *
 * @param text JSON; undefined: the profile that comes with tsbuild
 * @throws {SeccompProfileError} it is no profile
 */
export function compileForThisMachine(text: string | undefined, capabilities: readonly string[], machine: Machine): Buffer {
  const key = JSON.stringify([text, capabilities]);
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const read = (name: string): string => readFileSync(nativeFile(name), 'utf8');
  const tables = JSON.parse(read('syscalls.json')) as SyscallTables;
  const program = compileProfile(parseProfile(text ?? read('seccomp-default.json')), { tables, machine, capabilities, kernel: release() });
  compiled.set(key, program);
  return program;
}
