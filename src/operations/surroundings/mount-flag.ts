import { isAbsolute, resolve } from 'node:path';
import type { RunMount } from '../../builder/steps/index.js';
import { UsageError } from '../../errors.js';
import { Fault, type Mount, parseMountSpec, resolveMount } from '../../parser/index.js';
import { accessFlags, runMountOf } from './instruction-mount.js';

/**
 * `--mount`: the language of `RUN --mount=`, but a bind mount's source is a path of this machine, and `rw` writes to it.
 * @throws {UsageError} not of that language, or a mount that only a Containerfile can ask for
 */
export function parseMountFlag(text: string): RunMount {
  const mount = readMount(text);
  const refuse = (problem: string, hint?: string): never => {
    throw new UsageError(`invalid mount ${JSON.stringify(text)}: ${problem}`, hint === undefined ? {} : { hint });
  };
  const isPlaced = mount.type !== 'ssh' && !(mount.type === 'secret' && mount.file === undefined);
  if (isPlaced && (!isAbsolute(mount.target) || mount.target === '/')) refuse('its target is no absolute path');
  if ((mount.type === 'bind' || mount.type === 'cache') && mount.from !== undefined) {
    refuse('"from" is for mounts of a Containerfile', 'Use RUN --mount=...,from=...');
  }
  if (mount.type !== 'bind') return runMountOf(mount, undefined);
  if (mount.source === '') refuse('it has no source');
  const { target, source, readOnly, options } = mount;
  return { kind: 'volume', target, hostPath: resolve(source), readOnly, chown: options.includes('U'), ...accessFlags(options) };
}

function readMount(text: string): Mount {
  const asWritten = (value: string): string => value;
  try {
    return resolveMount(parseMountSpec(text), asWritten, asWritten);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new UsageError(`invalid mount ${JSON.stringify(text)}: ${error.problem}`, { hint: error.hint });
  }
}
