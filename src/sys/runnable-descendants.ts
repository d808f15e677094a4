import { readdirSync, readFileSync } from 'node:fs';
import { hasCode } from '../errors.js';

/** Behind the name of the program, which may hold anything. */
const STATE = /\) ([A-Za-z]) [^)]*$/;

/**
 * How many threads of the processes that `pid` started, and of those they started, run or wait for a processor; sleeping ones and those that
 * wait for a disk do not count. Stops counting at `most`. Undefined where the kernel does not tell who started whom.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_task.5.html
 */
export function countRunnableDescendants(pid: number, most: number): number | undefined {
  if (readText(`/proc/${pid}/task/${pid}/children`) === undefined) return undefined;
  const waiting = childrenOf(pid);
  let runnable = 0;
  for (let next = waiting.pop(); next !== undefined && runnable < most; next = waiting.pop()) {
    for (const thread of threadsOf(next)) if (isRunnable(next, thread)) runnable++;
    waiting.push(...childrenOf(next));
  }
  return Math.min(runnable, most);
}

function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) =>
    (readText(`/proc/${pid}/task/${thread}/children`) ?? '')
      .split(' ')
      .filter((word) => word !== '')
      .map(Number),
  );
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return [];
    throw error;
  }
}

function isRunnable(pid: number, thread: string): boolean {
  return STATE.exec(readText(`/proc/${pid}/task/${thread}/stat`) ?? '')?.[1] === 'R';
}

/** Undefined: it has ended meanwhile, or is none of ours to see. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
