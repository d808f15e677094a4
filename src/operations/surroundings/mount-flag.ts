import { isAbsolute, resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import { Fault, type Mount, parseMountSpec, resolveMount } from '../../parser/index.js';
import type { CommandMount } from './image-mounts.js';
import { runMountOf } from './instruction-mount.js';
import { contradiction, isRecursive, mountTraits } from './mount-options.js';

/**
 * `--mount`: the language of `RUN --mount=`, but a bind mount's source is a path of this machine, and `rw` writes to it; with `from` it is
 * a path of that image, as in a Containerfile.
 *
 * @param directory that the source of a bind mount is relative to
 * @throws {UsageError} not of that language
 */
export function parseMountFlag(text: string, directory = '.'): CommandMount {
  const mount = readMount(text);
  const refuse = (problem: string): never => {
    throw new UsageError(`invalid mount ${JSON.stringify(text)}: ${problem}`);
  };
  const isPlaced = mount.type !== 'ssh' && !(mount.type === 'secret' && mount.file === undefined);
  if (isPlaced && (!isAbsolute(mount.target) || mount.target === '/')) refuse('its target is no absolute path');
  const excluding = contradiction(mount.options);
  if (excluding !== undefined) refuse(`"${excluding[0]}" and "${excluding[1]}" exclude each other`);
  if ((mount.type === 'bind' || mount.type === 'cache') && mount.from !== undefined) {
    return { kind: 'of-image', mount, image: mount.from };
  }
  if (mount.type !== 'bind') return runMountOf(mount, undefined);
  if (mount.source === '') refuse('it has no source');
  const { target, source, readOnly, options } = mount;
  return {
    kind: 'volume',
    target,
    hostPath: resolve(directory, source),
    readOnly,
    chown: options.includes('U'),
    ...mountTraits(options),
    ...(isRecursive(options) ? {} : { recursive: false }),
  };
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
