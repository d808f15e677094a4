import type { Environment } from '../../config/index.js';
import { readBuildArgFile } from '../../operations/build/build-arg-file.js';
import { list } from './flags.js';
import { parseVariables } from './key-values.js';

export const BUILD_ARG_FLAGS = {
  'build-arg': list({ value: 'NAME[=VALUE]', summary: 'Value of an ARG; without =VALUE the variable of that name' }),
  'build-arg-file': list({ value: 'path', summary: 'File with such a NAME=VALUE on each line; --build-arg wins over it' }),
};

interface BuildArgFlags {
  readonly 'build-arg'?: readonly string[] | undefined;
  readonly 'build-arg-file'?: readonly string[] | undefined;
}

/** The arguments by name; one without a value anywhere is left out, so that the ARG's default holds. */
export function buildArguments(flags: BuildArgFlags, environment: Environment): Record<string, string> {
  const files = (flags['build-arg-file'] ?? []).flatMap(readBuildArgFile);
  const given = parseVariables([...files, ...(flags['build-arg'] ?? [])], 'build-arg', environment);
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
