import { join } from 'node:path';
import { BASE_IMAGE, writeBase } from './base-image.js';
import { Buildah } from './buildah.js';
import { type BuildKit, withBuildKit } from './buildkit.js';
import { runOnce } from './measure.js';
import { withStoreDisk } from './store-disk.js';
import { Tsbuild } from './tsbuild.js';

/** The builders that are compared, on one disk, each with the base image in a store of its own. */
export interface SideBySide {
  readonly disk: string;
  readonly ours: Tsbuild;
  readonly buildah: Buildah;
  /** Undefined where it is not installed. */
  readonly buildkit: BuildKit | undefined;
}

export async function sideBySide<T>(body: (builders: SideBySide) => Promise<T>): Promise<T> {
  return withStoreDisk((disk) =>
    withBuildKit(join(disk, 'buildkit'), async (buildkit) => {
      const base = writeBase(join(disk, 'base'));
      const ours = new Tsbuild(join(disk, 'tsbuild'));
      const buildah = new Buildah(join(disk, 'buildah'));
      await runOnce(ours.command(['bud', '-q', '-t', BASE_IMAGE, base]));
      await runOnce(buildah.command(['bud', '-q', '-t', BASE_IMAGE, base]));
      if (buildkit !== undefined) await runOnce(buildkit.build(['-q', '-t', BASE_IMAGE], base));
      return body({ disk, ours, buildah, buildkit });
    }),
  );
}
