import { UsageError } from '../../errors.js';
import { choice, flag, wholeNumber } from './flags.js';

/** To look into a build. */
export const DEBUG_FLAGS = {
  'on-error': choice(['stop', 'shell'], {
    value: 'stop|shell',
    summary: 'When a step fails: stop (default), or open a shell in its file system first',
  }),
  shell: flag({ summary: 'Open a shell in what was built, before it becomes an image' }),
  until: wholeNumber({ value: 'LINE', summary: 'Stop after the instruction at, or before, this line of the Containerfile' }),
} as const;

interface DebugFlags {
  readonly 'on-error'?: 'stop' | 'shell' | undefined;
  readonly shell?: boolean;
  readonly until?: number | undefined;
  readonly target?: readonly string[] | undefined;
}

/** @throws {UsageError} `--until` and `--target` */
export function debugOptions({ 'on-error': onError, shell, until, target }: DebugFlags) {
  if (until !== undefined && target !== undefined) throw new UsageError('--until and --target exclude each other');
  return { onError, until, shell: shell ?? (until !== undefined && onError === 'shell') };
}
