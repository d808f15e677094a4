import { closeSync, openSync, readFileSync } from 'node:fs';
import { nativeFile } from '../sys/index.js';
import { DEFAULT_CAPABILITIES } from './capabilities.js';
import { SandboxSetupError } from './errors.js';
import type { SandboxPlan } from './plan.js';
import type { Machine } from './seccomp/compile-profile.js';

/** The seccomp programs of a sandbox: descriptors, which the caller closes, or the bytes themselves. */
export interface Filters {
  /** What decides over all calls; undefined: nothing does. */
  readonly profile: number | Buffer | undefined;
  /** What is asked beside the profile where uid 0 of a command is uid 0 of the machine. */
  readonly fence: number | undefined;
  /** With a single id: the calls that the supervisor answers, and what stands in for it where the kernel has no notification. */
  readonly notify: number | undefined;
  readonly fallback: number | undefined;
}

/**
 * @throws {SeccompProfileError} a profile of the caller's is none
 * @throws {SandboxSetupError} there is no profile for this machine
 */
export async function openFilters(plan: Pick<SandboxPlan, 'seccomp' | 'singleId' | 'capabilities'>): Promise<Filters> {
  const compiled = await compileOwn(plan);
  const opened: number[] = [];
  const open = (name: string): number => {
    const fd = openSync(nativeFile(`${name}-${machine()}.bpf`), 'r');
    opened.push(fd);
    return fd;
  };
  try {
    return {
      profile: compiled ?? (plan.seccomp === 'unconfined' ? undefined : open('seccomp')),
      fence: plan.seccomp !== 'unconfined' && isFenced(plan.capabilities) ? open('root') : undefined,
      notify: plan.singleId ? open('notify') : undefined,
      fallback: plan.singleId ? open('fake-ids') : undefined,
    };
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    throw error;
  }
}

/** The built program is that of the default profile for the default capabilities; any other is compiled here. */
async function compileOwn({ seccomp, capabilities }: Pick<SandboxPlan, 'seccomp' | 'capabilities'>): Promise<Buffer | undefined> {
  if (seccomp === 'unconfined' || (seccomp === 'default' && isDefault(capabilities))) return undefined;
  const { compileForThisMachine } = await import('./seccomp/compile-for-this-machine.js');
  return compileForThisMachine(seccomp === 'default' ? undefined : seccomp.profile, capabilities ?? DEFAULT_CAPABILITIES, machine());
}

function isFenced(capabilities: readonly string[] = DEFAULT_CAPABILITIES): boolean {
  return !capabilities.includes('CAP_SYS_ADMIN') && isRootOfTheMachine();
}

let rootOfTheMachine: boolean | undefined;

/** Whether uid 0 here is uid 0 outside as well: not so in the user namespaces that ordinary users build in. */
function isRootOfTheMachine(): boolean {
  rootOfTheMachine ??= /^\s*0\s+0\s/.test(readFileSync('/proc/self/uid_map', 'utf8'));
  return rootOfTheMachine;
}

function isDefault(capabilities: readonly string[] | undefined): boolean {
  if (capabilities === undefined) return true;
  return capabilities.length === DEFAULT_CAPABILITIES.length && DEFAULT_CAPABILITIES.every((name) => capabilities.includes(name));
}

function machine(): Machine {
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
