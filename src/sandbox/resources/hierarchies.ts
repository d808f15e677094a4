import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Controller } from './resource-limits.js';

/** Where the control groups of this process are. */
export interface Hierarchies {
  /** Version 2: the directory where it is mounted, and this process's own in it. */
  readonly unified: Place | undefined;
  /** Version 1, by controller. */
  readonly legacy: ReadonlyMap<Controller, Place>;
}

export interface Place {
  readonly top: string;
  readonly own: string;
}

const CONTROLLERS: readonly Controller[] = ['cpu', 'cpuset', 'memory', 'pids'];

/**
 * @param proc for tests: where `self/mountinfo` and `self/cgroup` are read
 * @see https://man7.org/linux/man-pages/man7/cgroups.7.html
 */
export function findHierarchies(proc = '/proc'): Hierarchies {
  const paths = new Map<string, string>();
  for (const line of readFileSync(`${proc}/self/cgroup`, 'utf8').split('\n')) {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    for (const name of names?.split(',') ?? []) paths.set(name, path!);
  }
  const legacy = new Map<Controller, Place>();
  let unified: Place | undefined;
  for (const line of readFileSync(`${proc}/self/mountinfo`, 'utf8').split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '/', top] = left.split(' ');
    const [type, , options = ''] = right.split(' ');
    if (top === undefined) continue;
    if (type === 'cgroup2') unified ??= { top, own: ownIn(top, root, paths.get('') ?? '/') };
    if (type !== 'cgroup') continue;
    for (const controller of CONTROLLERS.filter((name) => options.split(',').includes(name)))
      legacy.set(controller, { top, own: ownIn(top, root, paths.get(controller) ?? '/') });
  }
  return { unified, legacy };
}

/** A container may have mounted its own group as the top. */
function ownIn(top: string, root: string, path: string): string {
  const below = root !== '/' && path.startsWith(root) ? path.slice(root.length) : path;
  const own = join(top, below);
  return existsSync(own) ? own : top;
}
