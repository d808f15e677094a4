import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../errors.js';
import { findGroupParent, hasOthers, mayHaveBoth, OWN_GROUP } from './group-parent.js';
import { findHierarchies, type Hierarchies, type Place } from './hierarchies.js';
import { type Controller, parseProcessorList, type ResourceLimits, type Setting, settingsOf } from './resource-limits.js';

/** How the limits of one command are enforced. */
export interface ControlGroups {
  /** Groups that the command has to join. */
  readonly directories: readonly string[];
  /** Stands in for a group that cannot be made: each process alone is limited to this. */
  readonly dataBytes: number | undefined;
  /** The same for processors; a command can undo it. */
  readonly processors: readonly number[] | undefined;
  /** What of that is not as it was asked for, for the user; undefined: everything is. */
  readonly shortfall: string | undefined;
  /** Whether the kernel killed a process because the memory of the group was used up. */
  wasOutOfMemory(): boolean;
  /** Nothing runs in the groups any more: removes them. */
  close(): void;
}

let count = 0;

/** @param host for tests: where the hierarchies are */
export function openControlGroups(limits: ResourceLimits, host: Hierarchies = findHierarchies()): ControlGroups {
  const settings = settingsOf(limits);
  const opening = new Opening(limits.cgroupParent, host, [...new Set(settings.map(({ controller }) => controller))]);
  const failed: Setting[] = [];
  for (const setting of settings) if (!opening.apply(setting)) failed.push(setting);
  const { directories } = opening;
  const isWeak = (flag: string): boolean => failed.some((setting) => setting.flag === flag);
  return {
    directories,
    dataBytes: isWeak('--memory') ? limits.memoryBytes : undefined,
    processors: isWeak('--cpuset-cpus') ? parseProcessorList(limits.cpusetCpus!) : undefined,
    shortfall: describe(failed, opening.problem),
    wasOutOfMemory: () => directories.some(hadOutOfMemoryKill),
    close: () => {
      for (const directory of directories) removeGroup(directory);
    },
  };
}

class Opening {
  readonly directories: string[] = [];
  /** Why a group could not be made. */
  problem: string | undefined;
  readonly #made = new Map<string, string | undefined>();
  readonly #name = `tsbuild-${process.pid}-${++count}`;
  /** As a process is in one group of version 2 alone, it is made where all controllers are. */
  readonly #unified: Place | undefined;

  constructor(
    readonly parent: string | undefined,
    readonly host: Hierarchies,
    controllers: readonly Controller[],
  ) {
    const { unified, legacy } = host;
    const wanted = controllers.filter((controller) => !legacy.has(controller));
    this.#unified = unified && { ...unified, own: findGroupParent(unified, wanted) ?? unified.own };
  }

  apply({ controller, v1, v2 }: Setting): boolean {
    const place = this.host.legacy.get(controller);
    if (place !== undefined) return this.#write(this.#group(place, controller, prepareLegacy), v1);
    if (this.#unified === undefined) {
      this.problem ??= `there is no control group for ${controller}`;
      return false;
    }
    return this.#write(this.#group(this.#unified, controller, prepareUnified), v2);
  }

  /** Our group in a hierarchy, made when it is wanted first; undefined: it cannot be made. */
  #group({ top, own }: Place, controller: Controller, prepare: (parent: string, group: string, controller: Controller) => void) {
    const parent = this.parent === undefined ? own : join(top, this.parent);
    const group = join(parent, this.#name);
    const key = `${group} ${controller}`;
    if (this.#made.has(key)) return this.#made.get(key);
    let made: string | undefined;
    try {
      if (this.parent !== undefined) mkdirSync(parent, { recursive: true });
      prepare(parent, group, controller);
      if (!this.directories.includes(group)) this.directories.push(group);
      made = group;
    } catch (error) {
      // Without the group's own name, which is another for each command: what is said of all of them is said once.
      this.problem ??= `no group can be made in ${parent} (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
    }
    this.#made.set(key, made);
    return made;
  }

  #write(group: string | undefined, [name, value]: Setting['v1']): boolean {
    if (group === undefined) return false;
    try {
      writeFileSync(join(group, name), value, { flag: 'r+' });
      return true;
    } catch (error) {
      this.problem ??= `"${value}" cannot be written to ${name} (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
      return false;
    }
  }
}

function prepareLegacy(parent: string, group: string, controller: Controller): void {
  makeGroup(group);
  if (controller !== 'cpuset') return;
  // A new group has neither, and takes no process before it has both.
  for (const name of ['cpuset.cpus', 'cpuset.mems']) copyFile(parent, group, name);
}

/** The parent has to hand the controller on, which it may not while processes are in it. */
function prepareUnified(parent: string, group: string, controller: Controller): void {
  const file = join(parent, 'cgroup.subtree_control');
  if (!readFileSync(file, 'utf8').split(/\s+/).includes(controller)) {
    leave(parent);
    writeFileSync(file, `+${controller}`, { flag: 'r+' });
  }
  makeGroup(group);
}

/**
 * This process goes to a group of its own. With processes in it, a parent would still hand on controllers of threads, such as pids; the
 * groups below it then take no process.
 */
function leave(parent: string): void {
  if (mayHaveBoth(parent) || readFileSync(join(parent, 'cgroup.procs'), 'utf8') === '') return;
  if (hasOthers(parent)) throw Object.assign(new Error(`${parent} has processes of others`), { code: 'EBUSY' });
  const self = join(parent, OWN_GROUP);
  makeGroup(self);
  writeFileSync(join(self, 'cgroup.procs'), String(process.pid), { flag: 'r+' });
}

function makeGroup(directory: string): void {
  try {
    mkdirSync(directory);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

function copyFile(from: string, to: string, name: string): void {
  writeFileSync(join(to, name), readFileSync(join(from, name), 'utf8').trim(), { flag: 'r+' });
}

function hadOutOfMemoryKill(directory: string): boolean {
  for (const name of ['memory.events', 'memory.oom_control']) {
    try {
      if (/^oom_kill [1-9]/m.test(readFileSync(join(directory, name), 'utf8'))) return true;
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }
  return false;
}

function removeGroup(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    // Somebody else's process in it keeps it; it limits nobody else.
    if (!hasCode(error, 'ENOENT') && !hasCode(error, 'EBUSY')) throw error;
  }
}

function describe(failed: readonly Setting[], problem: string | undefined): string | undefined {
  if (failed.length === 0) return undefined;
  const parts = failed.map(({ flag }) => {
    if (flag === '--memory') return '--memory (each process alone is limited)';
    if (flag === '--cpuset-cpus') return '--cpuset-cpus (commands can undo it)';
    return flag;
  });
  return `not enforced: ${parts.join(', ')}: ${problem ?? 'no control group'}; a user gets control groups with: systemd-run --user --scope -p Delegate=yes tsbuild ...`;
}
