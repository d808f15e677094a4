import { closeSync, openSync } from 'node:fs';
import { nativeFile } from '../sys/index.js';
import { SandboxSetupError } from './errors.js';
import type { SandboxPlan } from './plan.js';

/**
 * Open the seccomp programs a plan asks for, in the order they are installed; the caller closes them. With a single id one more lies
 * on top, which answers the calls that need a second id.
 */
export function openFilters({ seccomp, singleId }: Pick<SandboxPlan, 'seccomp' | 'singleId'>): number[] {
  const names = [...(seccomp === 'default' ? ['seccomp'] : []), ...(singleId ? ['fake-ids'] : [])];
  const opened: number[] = [];
  try {
    for (const name of names) opened.push(openSync(nativeFile(`${name}-${machine()}.bpf`), 'r'));
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    throw error;
  }
  return opened;
}

function machine(): string {
  switch (process.arch) {
    case 'x64':
      return 'x86_64';
    case 'arm64':
      return 'aarch64';
    default:
      // Going on without a filter would weaken every RUN silently.
      throw new SandboxSetupError('filter', 0, '', `there is no seccomp profile for ${process.arch}`);
  }
}
