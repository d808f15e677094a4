import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { RunMount } from '../../builder/steps/index.js';
import { UsageError } from '../../errors.js';
import { parseSize } from '../../parser/index.js';
import { contradiction, isRecursive, isVolumeOption, mountTraits } from './mount-options.js';

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

/** `--shm-size`. @throws {UsageError} no size */
export function parseShmSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const size = parseSize(text);
  if (size === undefined || size === 0) throw new UsageError(`invalid shm-size ${JSON.stringify(text)}: expected a size such as 64m or 1g`);
  return size;
}

/**
 * `NAME:ADDRESS` or `NAME=ADDRESS` of `--add-host`, several names with `;` between them; the address `host-gateway` is this machine's.
 * @throws {UsageError} not of that form
 */
export function parseAddHost(text: string): readonly { readonly name: string; readonly address: string }[] {
  const match = /^([^:=\s]+)[:=](?:\[?([0-9A-Fa-f:.]+)\]?|(host-gateway))$/.exec(text);
  if (match === null) throw new UsageError(`invalid host entry ${JSON.stringify(text)}: expected NAME:ADDRESS`);
  const address = match[2] ?? match[3]!;
  return match[1]!.split(';').map((name) => ({ name, address }));
}
