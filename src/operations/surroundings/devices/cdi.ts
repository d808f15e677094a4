import { readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { RunMount } from '../../../builder/steps/index.js';
import { hasCode, UsageError } from '../../../errors.js';
import { parseBlockYaml } from './block-yaml.js';

/** In ascending priority. @see https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md */
export const CDI_DIRECTORIES: readonly string[] = ['/etc/cdi', '/var/run/cdi'];

/** What a device of the Container Device Interface brings. */
export interface CdiDevice {
  readonly mounts: readonly RunMount[];
  readonly env: Readonly<Record<string, string>>;
  /** It has programs to be run around the command, which nothing runs here. */
  readonly hasHooks: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

interface Spec {
  readonly file: string;
  readonly kind: string;
  readonly devices: ReadonlyMap<string, Fields>;
  /** Of every device of the file. */
  readonly common: Fields | undefined;
}

/** `vendor.com/class=name` */
export function isCdiName(text: string): boolean {
  return /^[A-Za-z][\w.-]*\/[A-Za-z][\w.-]*=[A-Za-z0-9][\w.:-]*$/.test(text);
}

/**
 * @param name as {@link isCdiName} has it
 * @returns undefined: no specification has it
 * @throws {UsageError} a specification of its kind is broken, or two files of one directory have the device
 */
export function findCdiDevice(name: string, directories: readonly string[] = CDI_DIRECTORIES): CdiDevice | undefined {
  const [kind = '', device = ''] = name.split('=');
  for (const directory of [...directories].reverse()) {
    const found = readDirectory(directory).filter((spec) => spec.kind === kind && spec.devices.has(device));
    if (found.length > 1) throw new UsageError(`device ${name} is in ${found.map(({ file }) => file).join(' and ')}`);
    const [spec] = found;
    if (spec !== undefined) return editsOf([spec.devices.get(device)!, ...(spec.common === undefined ? [] : [spec.common])], spec.file);
  }
  return undefined;
}

function readDirectory(directory: string): Spec[] {
  let names: string[];
  try {
    names = readdirSync(directory).sort();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'EACCES')) return [];
    throw error;
  }
  return names.filter((name) => /\.(?:json|ya?ml)$/.test(name)).map((name) => readSpec(join(directory, name)));
}

function readSpec(file: string): Spec {
  const text = readFileSync(file, 'utf8');
  let value: unknown;
  try {
    value = file.endsWith('.json') ? JSON.parse(text) : parseBlockYaml(text);
  } catch (error) {
    throw new UsageError(`Cannot read the device specification ${file}: ${(error as Error).message}`, { cause: error });
  }
  const spec = record(value, file, 'it');
  const devices = list(spec.devices, file, 'devices').map((entry): [string, Fields] => {
    const device = record(entry, file, 'a device');
    return [readText(device.name, file, 'the name of a device'), record(device.containerEdits ?? {}, file, 'containerEdits')];
  });
  return {
    file,
    kind: readText(spec.kind, file, 'kind'),
    devices: new Map(devices),
    common:
      spec.containerEdits === undefined || spec.containerEdits === null ? undefined : record(spec.containerEdits, file, 'containerEdits'),
  };
}

function editsOf(edits: readonly Fields[], file: string): CdiDevice {
  const mounts: RunMount[] = [];
  const env: Record<string, string> = {};
  for (const edit of edits) {
    for (const entry of list(edit.env, file, 'env')) {
      const [name, ...value] = readText(entry, file, 'a variable').split('=');
      env[name!] = value.join('=');
    }
    for (const entry of list(edit.deviceNodes, file, 'deviceNodes')) {
      const node = record(entry, file, 'a device node');
      const target = absolute(node.path, file, 'path of a device node');
      const permissions = node.permissions === undefined ? 'rwm' : readText(node.permissions, file, 'permissions');
      const hostPath = node.hostPath === undefined ? target : absolute(node.hostPath, file, 'hostPath');
      mounts.push({ kind: 'device', target, hostPath, readOnly: !permissions.includes('w') });
    }
    for (const entry of list(edit.mounts, file, 'mounts')) {
      const mount = record(entry, file, 'a mount');
      const options = list(mount.options, file, 'options').map((word) => readText(word, file, 'an option'));
      mounts.push({
        kind: 'volume',
        target: absolute(mount.containerPath, file, 'containerPath'),
        hostPath: absolute(mount.hostPath, file, 'hostPath'),
        readOnly: options.includes('ro'),
        recursive: options.includes('rbind'),
        nosuid: options.includes('nosuid'),
        nodev: options.includes('nodev'),
        noexec: options.includes('noexec'),
      });
    }
  }
  return { mounts, env, hasHooks: edits.some((edit) => list(edit.hooks, file, 'hooks').length > 0) };
}

function absolute(value: unknown, file: string, what: string): string {
  const path = readText(value, file, what);
  if (!isAbsolute(path)) throw new UsageError(`Cannot read the device specification ${file}: ${what}, "${path}", is no absolute path`);
  return path;
}

function record(value: unknown, file: string, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new UsageError(`Cannot read the device specification ${file}: ${what} is no object`);
}

function list(value: unknown, file: string, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new UsageError(`Cannot read the device specification ${file}: ${what} is no list`);
}

function readText(value: unknown, file: string, what: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new UsageError(`Cannot read the device specification ${file}: ${what} is missing or no text`);
}
