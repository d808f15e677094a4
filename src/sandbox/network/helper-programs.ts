import { statSync } from 'node:fs';
import { findHelper } from './helpers.js';
import type { NetworkHelper } from './request.js';

/** A helper, and the program of it that is on this machine. */
export interface HelperProgram {
  readonly name: NetworkHelper;
  /** Undefined: it is not installed. */
  readonly program: string | undefined;
}

/**
 * In the order in which they are tried.
 *
 * @param path where they are looked for before the usual folders
 */
export function helperPrograms(path: string | undefined, preferred: NetworkHelper = 'pasta'): readonly HelperProgram[] {
  const names = preferred === 'pasta' ? (['pasta', 'slirp4netns'] as const) : (['slirp4netns', 'pasta'] as const);
  return names.map((name) => ({ name, program: findHelper(name, path) }));
}

/** Another text when the program is another, or was replaced. */
export function programStamp({ name, program }: HelperProgram): string {
  if (program === undefined) return name;
  const { size, mtimeMs, ino } = statSync(program);
  return [name, program, size, mtimeMs, ino].join(' ');
}
