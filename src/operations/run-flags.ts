import { isAbsolute, resolve } from 'node:path';
import type { RunMount } from '../builder/steps/index.js';
import { UsageError } from '../errors.js';

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

const VOLUME_OPTIONS = ['ro', 'rw', 'z', 'Z'];

/**
 * `HOST:TARGET[:ro|rw]` of `--volume`.
 * @throws {UsageError} not of that form
 */
export function parseVolume(text: string): Extract<RunMount, { kind: 'volume' }> {
  const [host, target, options, ...rest] = text.split(':');
  const words = options?.split(',') ?? [];
  const wrong = words.find((word) => !VOLUME_OPTIONS.includes(word));
  if (!host || !target || rest.length > 0 || !isAbsolute(target) || wrong !== undefined) {
    const problem = wrong === undefined ? 'expected HOST:TARGET[:ro|rw] with an absolute TARGET' : `unknown option "${wrong}"`;
    throw new UsageError(`invalid volume ${JSON.stringify(text)}: ${problem}`);
  }
  return { kind: 'volume', target, hostPath: resolve(host), readOnly: words.includes('ro') };
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
