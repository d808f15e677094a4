import { readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import type { RunMount } from '../../../builder/steps/index.js';
import { UsageError } from '../../../errors.js';
import { CDI_DIRECTORIES, type CdiDevice, findCdiDevice, isCdiName } from './cdi.js';

/** In a directory of devices these are no devices of the machine: the list of runc and crun. */
const PASSED_OVER = ['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev'];

/**
 * `HOST[:TARGET][:PERMISSIONS]` of `--device`, a directory meaning every device in it, or a name of the Container Device Interface.
 * Of the permissions only `w` counts: nothing makes device nodes here.
 *
 * @throws {UsageError} not of that form, or no device is there
 */
export function readDevice(text: string, cdiDirectories: readonly string[] = CDI_DIRECTORIES): CdiDevice {
  if (isCdiName(text)) {
    const device = findCdiDevice(text, cdiDirectories);
    if (device !== undefined) return device;
    throw new UsageError(`unresolvable CDI device ${text}`, { hint: `No specification in ${cdiDirectories.join(' or ')} has it` });
  }
  const refuse = (problem: string): never => {
    throw new UsageError(`invalid device ${JSON.stringify(text)}: ${problem}`);
  };
  const [host = '', ...rest] = text.split(':');
  const permissions = /^[rwm]+$/.test(rest.at(-1) ?? '') ? rest.pop()! : 'rwm';
  const [target = host] = rest;
  if (rest.length > 1 || !isAbsolute(host) || !isAbsolute(target)) refuse('expected HOST[:TARGET][:PERMISSIONS] with absolute paths');
  const stat = statSync(host, { throwIfNoEntry: false });
  if (stat === undefined) refuse(`${host} does not exist`);
  const readOnly = !permissions.includes('w');
  const deviceAt = (hostPath: string, place: string): RunMount => ({ kind: 'device', target: place, hostPath, readOnly });
  if (stat?.isDirectory() === true) {
    const found = devicesIn(host);
    if (found.length === 0) refuse(`${host} has no device in it`);
    return { mounts: found.map((path) => deviceAt(path, join(target, relative(host, path)))), env: {}, hasHooks: false };
  }
  if (stat?.isCharacterDevice() !== true && stat?.isBlockDevice() !== true) refuse(`${host} is no device`);
  return { mounts: [deviceAt(host, target)], env: {}, hasHooks: false };
}

function devicesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return PASSED_OVER.includes(entry.name) ? [] : devicesIn(path);
    return entry.isCharacterDevice() || entry.isBlockDevice() ? [path] : [];
  });
}
