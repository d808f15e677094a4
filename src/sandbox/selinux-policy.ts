import { closeSync, existsSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';

/** What the SELinux policy in force says. The answers are the kernel's; below another root there are none, and everything is known. */
export interface SelinuxPolicy {
  /** Whether the context is one by it. Policies name containers in their files without having their types: Debian's does. */
  knows(context: string): boolean;
  /** Whether this process may start a command as `context`. */
  mayStartAs(context: string): boolean;
}

const TRANSITION = 'transition';

/** @param root with a slash at its end @see https://github.com/SELinuxProject/selinux-notebook/blob/main/src/lsm_selinux.md */
export function selinuxPolicy(root = '/'): SelinuxPolicy {
  const folder = `${root}sys/fs/selinux`;
  return {
    knows: (context) => !existsSync(`${folder}/context`) || ask(`${folder}/context`, context) !== undefined,
    mayStartAs(context) {
      if (readNumber(`${folder}/enforce`) !== 1) return true;
      const own = readText('/proc/self/attr/current');
      const process = readNumber(`${folder}/class/process/index`);
      const bit = readNumber(`${folder}/class/process/perms/${TRANSITION}`);
      const [allowed = ''] = ask(`${folder}/access`, `${own} ${context} ${process}`)?.split(' ') ?? [];
      // Who may not ask is told by the command that cannot start.
      return allowed === '' || (Number.parseInt(allowed, 16) & (1 << (bit - 1))) !== 0;
    },
  };
}

/** A file of selinuxfs answers what was written to it, on the same descriptor; undefined: it refuses. */
function ask(file: string, question: string): string | undefined {
  try {
    const fd = openSync(file, 'r+');
    try {
      writeSync(fd, question);
      const answer = Buffer.alloc(4096);
      return answer.toString('utf8', 0, readSync(fd, answer, 0, answer.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

function readNumber(file: string): number {
  return Number(readText(file));
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').replace(/[\0\n]+$/, '') : '';
}
