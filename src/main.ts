import type { Config } from '@oclif/core/config';
import { findCommand, verbsOf } from './commands/program/command-table.js';
import { runProgram } from './commands/program/program.js';
import { processEnvironment } from './config/index.js';
import { processTerminal } from './ui/index.js';

/**
 * The program, as `loader.ts` calls it.
 *
 * @param argv words after the program's name
 * @returns the exit status
 */
export function main(argv: readonly string[]): Promise<number> {
  // All that oclif's Command asks for when plugins, hooks and help are not oclif's.
  const config = { bin: 'tsbuild' } as Config;
  return runProgram(argv, { terminal: processTerminal, environment: processEnvironment(), config });
}

/** @returns whether a command's name, or that of a group of commands, begins with `word` */
export function isCommand(word: string): boolean {
  return findCommand(word) !== undefined || verbsOf(word).length > 0;
}
