import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './measure.js';

export const project = fileURLToPath(new URL('../../../../', import.meta.url));
export const fixtures = join(project, 'build/fixtures');

/** tsbuild as a user starts it, on a store of its own. */
export class Tsbuild {
  constructor(readonly directory: string) {}

  command(args: readonly string[], options: Partial<Command> = {}): Command {
    return {
      ...options,
      argv: [join(project, 'bin/tsbuild'), '--root', join(this.directory, 'root'), '--runroot', join(this.directory, 'run'), ...args],
    };
  }
}
