import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { findHierarchies, type Hierarchies, type Place } from './hierarchies.js';
import type { Controller } from './resource-limits.js';

/** The group that this process goes to where its own has to hand controllers on. */
export const OWN_GROUP = 'tsbuild';

/**
 * The group of version 2 in which one with limits can be made: this process's own, else the nearest above it that can hand the controllers on.
 * One that processes of others are in hands none on, as the scope of a shell; the slice around it has none.
 *
 * @returns undefined: there is none
 */
export function findGroupParent({ top, own }: Place, controllers: readonly Controller[]): string | undefined {
  // Where this process has moved to, to make room.
  const first = basename(own) === OWN_GROUP && own !== top ? dirname(own) : own;
  for (let group = first; ; group = dirname(group)) {
    if (handsOn(group, controllers)) return group;
    if (!group.startsWith(`${top}/`)) return undefined;
  }
}

/** Whether other processes than this one are in the group itself. */
export function hasOthers(group: string): boolean {
  const processes = readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n');
  return processes.some((pid) => pid !== '' && pid !== String(process.pid));
}

/** The root of all groups, which has no type, may have processes and hand controllers on. */
export function mayHaveBoth(group: string): boolean {
  return !existsSync(join(group, 'cgroup.type'));
}

function handsOn(group: string, controllers: readonly Controller[]): boolean {
  const listed = (file: string): boolean => {
    const names = readFileSync(join(group, file), 'utf8').split(/\s+/);
    return controllers.every((controller) => names.includes(controller));
  };
  try {
    // Who moves a process has to be able to write here, where both groups meet.
    for (const name of ['.', 'cgroup.procs']) accessSync(join(group, name), constants.W_OK);
    if (listed('cgroup.subtree_control')) return true;
    accessSync(join(group, 'cgroup.subtree_control'), constants.W_OK);
    return listed('cgroup.controllers') && (mayHaveBoth(group) || !hasOthers(group));
  } catch {
    // Closed to this user, or not to be seen from here.
    return false;
  }
}

/**
 * How limits of memory and processes, which systemd hands to every user, can be enforced here. `shared`: the group is this user's, but he
 * shares it with processes of others, and there is none above it that will do.
 *
 * @param host for tests
 */
export function limitSupport(host: Hierarchies = findHierarchies()): 'delegated' | 'shared' | 'closed' | 'v1' | 'absent' {
  if (host.legacy.has('memory')) return 'v1';
  if (host.unified === undefined) return 'absent';
  if (findGroupParent(host.unified, ['memory', 'pids']) !== undefined) return 'delegated';
  try {
    accessSync(join(host.unified.own, 'cgroup.procs'), constants.W_OK);
    return hasOthers(host.unified.own) ? 'shared' : 'closed';
  } catch {
    // Nothing in it is for this user to write.
    return 'closed';
  }
}
