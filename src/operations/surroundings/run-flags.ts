import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { RunMount } from '../../builder/steps/index.js';
import { UnsupportedFeatureError, UsageError } from '../../errors.js';
import { parseSize } from '../../parser/index.js';
import { contradiction, isRecursive, isVolumeOption, mountTraits } from './mount-options.js';

/** `--network`. @throws {UsageError} a network that is not supported */
export function parseNetwork(text: string | undefined): 'host' | 'none' {
  switch (text) {
    case undefined:
    case '':
    case 'default':
    case 'host':
      return 'host';
    case 'none':
      return 'none';
    default:
      throw new UsageError(`not supported by tsbuild: --network ${text}`, { hint: 'Commands can have the network of the host, or none' });
  }
}

/**
 * `HOST:TARGET[:OPTIONS]` of `--volume`.
 * @throws {UsageError} not of that form, options that exclude each other, or nothing is at HOST
 */
export function parseVolume(text: string): Extract<RunMount, { kind: 'volume' }> {
  const [host, target, options, ...rest] = text.split(':');
  const words = options?.split(',') ?? [];
  const refuse = (problem: string): never => {
    throw new UsageError(`invalid volume ${JSON.stringify(text)}: ${problem}`);
  };
  if (!host || !target || rest.length > 0 || !isAbsolute(target) || resolve(target) === '/') {
    return refuse('expected HOST:TARGET[:OPTIONS] with an absolute TARGET');
  }
  const wrong = words.find((word) => !isVolumeOption(word));
  if (wrong !== undefined) refuse(`unknown option "${wrong}"`);
  const excluding = contradiction(words);
  if (excluding !== undefined) refuse(`"${excluding[0]}" and "${excluding[1]}" exclude each other`);
  const hostPath = resolve(host);
  if (statSync(hostPath, { throwIfNoEntry: false }) === undefined) refuse(`${hostPath} does not exist`);
  return {
    kind: 'volume',
    target,
    hostPath,
    readOnly: words.includes('ro'),
    overlay: words.includes('O'),
    chown: words.includes('U'),
    ...mountTraits(words),
    ...(isRecursive(words) ? {} : { recursive: false }),
  };
}

/**
 * `HOST[:TARGET][:PERMISSIONS]` of `--device`; of the permissions only `w` counts, nothing makes device nodes here.
 * @throws {UsageError} not of that form, or no device is there
 * @throws {UnsupportedFeatureError} a name of the Container Device Interface
 */
export function parseDevice(text: string): Extract<RunMount, { kind: 'device' }> {
  const refuse = (problem: string): never => {
    throw new UsageError(`invalid device ${JSON.stringify(text)}: ${problem}`);
  };
  if (/^[A-Za-z][\w.-]*\/[\w.-]+=/.test(text)) {
    throw new UnsupportedFeatureError(
      `device ${JSON.stringify(text)} is a name of the Container Device Interface, which tsbuild does not read`,
      {
        hint: 'Give the path of the device node, for instance --device /dev/fuse',
      },
    );
  }
  const [host = '', ...rest] = text.split(':');
  const permissions = /^[rwm]+$/.test(rest.at(-1) ?? '') ? rest.pop()! : 'rwm';
  const [target = host] = rest;
  if (rest.length > 1 || !isAbsolute(host) || !isAbsolute(target)) refuse('expected HOST[:TARGET][:PERMISSIONS] with absolute paths');
  const stat = statSync(host, { throwIfNoEntry: false });
  if (stat === undefined) refuse(`${host} does not exist`);
  if (stat?.isCharacterDevice() !== true && stat?.isBlockDevice() !== true) refuse(`${host} is no device`);
  return { kind: 'device', target, hostPath: host, readOnly: !permissions.includes('w') };
}

/** `--shm-size`. @throws {UsageError} no size */
export function parseShmSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const size = parseSize(text);
  if (size === undefined || size === 0) throw new UsageError(`invalid shm-size ${JSON.stringify(text)}: expected a size such as 64m or 1g`);
  return size;
}

/**
 * `NAME:ADDRESS` or `NAME=ADDRESS` of `--add-host`.
 * @throws {UsageError} not of that form
 */
export function parseAddHost(text: string): { readonly name: string; readonly address: string } {
  const match = /^([^:=\s]+)[:=]\[?([0-9A-Fa-f:.]+)\]?$/.exec(text);
  if (match === null) throw new UsageError(`invalid host entry ${JSON.stringify(text)}: expected NAME:ADDRESS`);
  return { name: match[1]!, address: match[2]! };
}
