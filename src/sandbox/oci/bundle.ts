import { chmodSync, chownSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasCode } from '../../errors.js';
import {
  AT_EMPTY_PATH,
  attachMount,
  cloneMount,
  closeFd,
  type Fd,
  fchmodat,
  fchownat,
  mountOverlay,
  O_PATH,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  statat,
  unmount,
  utimensat,
} from '../../sys/index.js';
import type { BindMount, OverlayRoot, SandboxFile, SandboxMount, SandboxPlan } from '../plan.js';
import { type BundleMount, ociConfig } from './config.js';

/** A directory that a runtime can run. */
export interface Bundle {
  readonly directory: string;
  /** Takes it away, with everything mounted for it. The container has ended. */
  close(): void;
}

/** What a runtime mounts by itself. */
const OWN_MOUNT_POINTS = ['/proc', '/dev', '/sys'];

/**
 * Lays a plan out as a bundle.
 *
 * Mount points that the image does not have are in a lower directory of their own, so that none of them ends in the layer.
 *
 * @param runRoot nobody else can have put anything there, and what of a bundle outlives a crash goes at the next boot
 */
export function openBundle(plan: SandboxPlan, runRoot: string, cgroupsPath: string | undefined): Bundle {
  mkdirSync(runRoot, { recursive: true, mode: 0o700 });
  const directory = mkdtempSync(join(runRoot, 'bundle-'));
  const opening = new Opening(directory);
  try {
    const mounts = [...plan.mounts.map((mount) => opening.mount(mount)), ...plan.files.map((file) => opening.file(file))];
    // Parents before what is mounted inside them.
    mounts.sort((a, b) => (a.destination < b.destination ? -1 : a.destination > b.destination ? 1 : 0));
    const rootfs = opening.root(plan, mounts);
    writeFileSync(join(directory, 'config.json'), JSON.stringify(ociConfig(plan, { rootfs, mounts, cgroupsPath })));
    return { directory, close: () => opening.close() };
  } catch (error) {
    opening.close();
    throw error;
  }
}

class Opening {
  readonly #mounted: string[] = [];
  readonly #directories = new Set<string>(OWN_MOUNT_POINTS);
  #count = 0;

  constructor(readonly directory: string) {}

  mount(mount: SandboxMount): BundleMount {
    const flags = (['nosuid', 'nodev', 'noexec'] as const).filter((name) => mount[name] === true);
    const options = [...flags, mount.readOnly === true ? 'ro' : 'rw'];
    if (mount.kind === 'tmpfs') {
      const { target, sizeBytes, modeBits = 0o1777, uid = 0, gid = 0 } = mount;
      const size = sizeBytes === undefined ? [] : [`size=${sizeBytes}`];
      this.#directories.add(target);
      return {
        destination: target,
        source: 'tmpfs',
        type: 'tmpfs',
        options: [...options, ...size, `mode=${modeBits.toString(8)}`, `uid=${uid}`, `gid=${gid}`],
      };
    }
    const { path, isDirectory } = this.#source(mount);
    if (isDirectory) this.#directories.add(mount.target);
    const propagation = mount.propagation === undefined ? 'private' : mount.propagation;
    return {
      destination: mount.target,
      source: path,
      options: [mount.recursive === true ? 'rbind' : 'bind', ...options, mount.recursive === true ? `r${propagation}` : propagation],
    };
  }

  /** A descriptor is attached at a path of the bundle, since a runtime knows paths only. */
  #source({ source, recursive }: BindMount): { readonly path: string; readonly isDirectory: boolean } {
    const fd = typeof source === 'string' ? openSync(source, O_PATH) : source;
    try {
      const isDirectory = isDirectoryMode(statat(fd, '', AT_EMPTY_PATH).mode);
      if (typeof source === 'string') return { path: source, isDirectory };
      const path = this.#place(isDirectory);
      const tree = cloned(fd, recursive === true);
      try {
        attachMount(tree, path);
      } finally {
        if (tree !== fd) closeFd(tree);
      }
      this.#mounted.push(path);
      return { path, isDirectory };
    } finally {
      if (typeof source === 'string') closeFd(fd);
    }
  }

  file({ target, content, mode = 0o644, uid = 0, gid = 0, readOnly }: SandboxFile): BundleMount {
    const path = this.#place(false);
    writeFileSync(path, content);
    if (uid !== 0 || gid !== 0) chownSync(path, uid, gid);
    chmodSync(path, mode);
    return { destination: target, source: path, options: ['bind', 'private', readOnly === true ? 'ro' : 'rw'] };
  }

  #place(isDirectory: boolean): string {
    const path = join(this.directory, `mount-${this.#count++}`);
    if (isDirectory) mkdirSync(path);
    else writeFileSync(path, '');
    return path;
  }

  root({ rootfs }: SandboxPlan, mounts: readonly BundleMount[]): string {
    if ('directory' in rootfs) return rootfs.directory;
    const path = join(this.directory, 'rootfs');
    mkdirSync(path);
    const overlay = mountWithStub(
      rootfs,
      join(this.directory, 'stub'),
      [...OWN_MOUNT_POINTS, ...mounts.map(({ destination }) => destination)],
      this.#directories,
    );
    try {
      attachMount(overlay, path);
    } finally {
      closeFd(overlay);
    }
    this.#mounted.push(path);
    return path;
  }

  close(): void {
    for (const path of this.#mounted.reverse()) unmount(path);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Of a detached mount there is no clone before Linux 6.15; it is attached itself. */
function cloned(fd: Fd, recursive: boolean): Fd {
  try {
    return cloneMount(fd, { readOnly: false, recursive });
  } catch (error) {
    if (!hasCode(error, 'EINVAL')) throw error;
    return fd;
  }
}

function mountWithStub(
  { lowers, upper, work, overlayXattrs }: OverlayRoot,
  stub: string,
  points: readonly string[],
  directories: ReadonlySet<string>,
): Fd {
  const opened: Fd[] = [];
  const open = (path: string): Fd => {
    const fd = openSync(path, O_PATH);
    opened.push(fd);
    return fd;
  };
  const userxattr = overlayXattrs === 'user';
  try {
    const lowerFds = lowers.map(open);
    const upperFd = upper === undefined ? undefined : open(upper);
    mkdirSync(stub, { mode: 0o755 });
    const image = mountOverlay({ lowers: [...(upperFd === undefined ? [] : [upperFd]), ...lowerFds], userxattr, readOnly: true });
    try {
      fillStub(stub, image, points, directories);
    } finally {
      closeFd(image);
    }
    return mountOverlay({
      lowers: [open(stub), ...lowerFds],
      upper: upperFd,
      work: work === undefined ? undefined : open(work),
      userxattr,
    });
  } finally {
    for (const fd of opened) closeFd(fd);
  }
}

/** Makes what is missing, and the directories above it with the attributes that they have in the image. */
function fillStub(stub: string, image: Fd, points: readonly string[], directories: ReadonlySet<string>): void {
  const made = new Map<string, ReturnType<typeof lookUp>>();
  for (const point of points) {
    // A link on the way is the runtime's to follow; what it makes there ends in the layer.
    if (lookUp(image, point) !== undefined) continue;
    const parents = parentsOf(point);
    for (const parent of parents) {
      if (made.has(parent)) continue;
      const found = lookUp(image, parent);
      if (found !== undefined && !isDirectoryMode(found.mode)) break;
      mkdirSync(join(stub, parent), { recursive: true, mode: 0o755 });
      made.set(parent, found);
    }
    const path = join(stub, point);
    if (directories.has(point)) mkdirSync(path, { recursive: true });
    else writeFileSync(path, '');
  }
  const root = lookUp(image, '/');
  for (const [path, found] of [['/', root] as const, ...made].reverse()) if (found !== undefined) giveAttributes(join(stub, path), found);
}

function isDirectoryMode(mode: number): boolean {
  return (mode & constants.S_IFMT) === constants.S_IFDIR;
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let parent = dirname(path); parent !== '/'; parent = dirname(parent)) parents.unshift(parent);
  return parents;
}

function lookUp(image: Fd, path: string) {
  try {
    const fd = openat2(image, path, { flags: O_PATH, resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS });
    try {
      return statat(fd, '', AT_EMPTY_PATH);
    } finally {
      closeFd(fd);
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

function giveAttributes(path: string, stat: NonNullable<ReturnType<typeof lookUp>>): void {
  const dir = openSync(path, 'r');
  try {
    fchownat(dir, '', stat.uid, stat.gid, AT_EMPTY_PATH);
    fchmodat(dir, '.', stat.mode & 0o7777);
    utimensat(dir, '.', stat.mtimeNs, stat.mtimeNs);
  } finally {
    closeFd(dir);
  }
}
