import { closeSync, constants, openSync } from 'node:fs';
import type { LayerEntry } from '../../layers/index.js';
import { AT_EMPTY_PATH, type Fd, statat, utimensat, walk } from '../../sys/index.js';

/** Which times the files of new layers have, in seconds since 1970: `clampSeconds`: none later; `forceSeconds`: that one, everywhere. */
export interface LayerTimes {
  readonly clampSeconds?: number | undefined;
  readonly forceSeconds?: number | undefined;
}

const NANOSECONDS = 1_000_000_000n;
const S_IFMT = 0o170000;
const S_IFCHR = 0o020000;

/**
 * Gives the files below `upper` the times that their layer's tar will have. The next command then finds what it would find in the finished
 * image: one that writes times down (a compiler of byte code, `make`) gives the same layer in every build.
 *
 * @param changes what of `upper` belongs to the layer; left out: all of it. The rest may be shared with others and stays as it is
 */
export async function settleTimes(upper: string, times: LayerTimes, changes?: readonly LayerEntry[]): Promise<void> {
  const { clampSeconds, forceSeconds } = times;
  const wanted = forceSeconds ?? clampSeconds;
  if (wanted === undefined) return;
  const time = BigInt(wanted) * NANOSECONDS;
  const settled = (mtimeNs: bigint): boolean => (forceSeconds === undefined ? mtimeNs <= time : mtimeNs === time);
  const root = openSync(upper, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const own = changes && new Set(changes.map(({ from }) => from.toString('latin1')));
    for (const { path, mode, mtimeNs, rdevMajor, rdevMinor } of await walk(root)) {
      if (own !== undefined && !own.has(path.toString('latin1'))) continue;
      // The kernel shares one whiteout between all; its time is never read.
      const isWhiteout = (mode & S_IFMT) === S_IFCHR && rdevMajor === 0 && rdevMinor === 0;
      if (!isWhiteout && !settled(mtimeNs)) utimensat(root, path, null, time);
    }
    if (!settled(rootTime(root))) utimensat(root, '.', null, time);
  } finally {
    closeSync(root);
  }
}

function rootTime(root: Fd): bigint {
  return statat(root, '', AT_EMPTY_PATH).mtimeNs;
}
