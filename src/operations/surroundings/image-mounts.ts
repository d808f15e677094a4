import type { MountOrigin, RunMount } from '../../builder/steps/index.js';
import type { Mount } from '../../parser/index.js';
import { runMountOf } from './instruction-mount.js';

/** A mount of the command line that shows, or begins with, files of an image. */
export interface ImageMount {
  readonly kind: 'of-image';
  readonly mount: Extract<Mount, { type: 'bind' | 'cache' }>;
  /** As given: a name, an ID or a transport's reference. */
  readonly image: string;
}

/** What `--mount`, `--volume` and `--device` ask for. */
export type CommandMount = RunMount | ImageMount;

/**
 * The mounts as a command takes them.
 *
 * @param addSource takes the name of an image and gives the number of its root among the command's mount sources
 */
export async function resolveImageMounts(
  mounts: readonly CommandMount[],
  addSource: (image: string) => Promise<number>,
): Promise<readonly RunMount[]> {
  const resolved: RunMount[] = [];
  for (const mount of mounts) {
    if (mount.kind !== 'of-image') {
      resolved.push(mount);
      continue;
    }
    const origin: MountOrigin = { input: await addSource(mount.image) };
    resolved.push(runMountOf(mount.mount, origin));
  }
  return resolved;
}
