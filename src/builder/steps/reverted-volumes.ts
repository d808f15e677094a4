import { hasCode } from '../../errors.js';
import type { SandboxMount } from '../../sandbox/index.js';
import type { Shift, SnapshotDriver } from '../../snapshots/index.js';
import { cloneInside, closeFd, type Fd, O_PATH, openat2 } from '../../sys/index.js';
import { modeToThrowAway, openThrowAway } from './throw-away.js';
import type { Toolbox } from './toolbox.js';
import type { Workplace } from './write-step.js';

/** Mounts of a command, open until they are closed. */
export interface RevertedVolumes {
  readonly mounts: readonly SandboxMount[];
  close(): void;
}

/**
 * Shows each of `paths` as it is in the file system of a command, so that the command may write there and nobody sees what it wrote: what
 * `--compat-volumes` means by a volume. One that is not there is an empty directory to the command.
 *
 * @param paths absolute
 * @param shift as whom the command shall see their owners
 */
export async function openRevertedVolumes(
  paths: readonly string[],
  { lowers, working }: Workplace,
  { snapshots, store }: Pick<Toolbox, 'snapshots' | 'store'>,
  shift?: Shift | undefined,
): Promise<RevertedVolumes> {
  const closers: (() => void)[] = [];
  const close = (): void => {
    for (const closer of closers.splice(0).reverse()) closer();
  };
  try {
    const mounts: SandboxMount[] = [];
    if (paths.length > 0) {
      const whole = [working.upper, ...lowers];
      const root = await snapshots.openMerged(whole);
      closers.push(() => closeFd(root));
      // One below another is mounted after it.
      for (const target of [...new Set(paths)].sort()) {
        const source = openIfThere(root, target);
        if (source === undefined) {
          mounts.push({ kind: 'tmpfs', target, modeBits: 0o755 });
          continue;
        }
        closers.push(() => closeFd(source));
        modeToThrowAway(source);
        // An overlay of an overlay that is attached nowhere needs Linux 6.15; a second one of the same layers does not.
        const openCopy = () =>
          snapshots.kind === 'overlay' ? openInSecond(whole, target, snapshots, shift) : openThrowAway(source, { snapshots, store }, shift);
        const copy = await openCopy();
        closers.push(copy.close);
        mounts.push({ kind: 'bind', target, source: copy.fd, shifted: !copy.shifted, readOnly: false, recursive: false });
      }
    }
    return { mounts, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function openInSecond(lowers: readonly string[], target: string, snapshots: SnapshotDriver, shift: Shift | undefined) {
  const working = await snapshots.prepare(lowers);
  const fds: Fd[] = [];
  const close = (): void => {
    for (const fd of fds) closeFd(fd);
    snapshots.discard(working);
  };
  try {
    fds.push(await snapshots.openMerged(lowers, working, shift));
    const fd = cloneInside(fds[0]!, target.slice(1));
    fds.push(fd);
    return { fd, shifted: true, close };
  } catch (error) {
    close();
    throw error;
  }
}

function openIfThere(root: Fd, path: string): Fd | undefined {
  try {
    return openat2(root, path.slice(1), { flags: O_PATH });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
