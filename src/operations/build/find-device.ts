import type { RunMount } from '../../builder/steps/index.js';

/** A device by its path or name. @throws {UsageError} there is none */
export async function findDevice(name: string, directories: readonly string[]): Promise<readonly RunMount[]> {
  const [{ CDI_DIRECTORIES }, { readDevice }] = await Promise.all([
    import('../surroundings/devices/cdi.js'),
    import('../surroundings/devices/device-flag.js'),
  ]);
  const { mounts, env } = readDevice(name, [...CDI_DIRECTORIES, ...directories]);
  return [...mounts, { kind: 'variables', env }];
}
