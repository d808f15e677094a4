import { chmodSync, chownSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../errors.js';
import { AT_EMPTY_PATH, attachMount, cloneMount, closeFd, type Fd, O_PATH, outsideOf, statat, unmount } from '../../sys/index.js';
import type { BindMount, DirectoryRoot, SandboxFile, SandboxMount, SandboxPlan, SandboxUserNamespace } from '../plan.js';
import { isDirectoryMode, mountBundleRoot } from './bundle-root.js';
import { type BundleMount, ociConfig } from './config.js';

/** A directory that a runtime can run. */
export interface Bundle {
  readonly directory: string;
  /** Takes it away, with everything mounted for it. The container has ended. */
  close(): void;
}

/** Every user may look up names in it. */
const REACHABLE = '/tmp';

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
  const opening = new Opening(mkdtempSync(join(runRoot, 'bundle-')), plan.userNamespace);
  const { directory } = opening;
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
  /** What the runtime knows as the bundle. */
  readonly directory: string;
  readonly #mounted: string[] = [];
  readonly #directories = new Set<string>(OWN_MOUNT_POINTS);
  #count = 0;

  /** @param made a new directory, where nobody else gets to */
  constructor(
    readonly made: string,
    readonly ids: SandboxUserNamespace | undefined,
  ) {
    this.directory = ids === undefined ? made : this.#showElsewhere();
  }

  /** Where the root of another user namespace gets to, on a mount that is in this mount namespace alone: others find an empty directory. */
  #showElsewhere(): string {
    const shown = join(this.made, 'shown');
    mkdirSync(shown);
    chmodSync(shown, 0o711);
    const place = mkdtempSync(join(REACHABLE, 'tsbuild-bundle-'));
    try {
      const fd = openSync(shown, O_PATH);
      try {
        const tree = cloneMount(fd, { readOnly: false, recursive: true });
        try {
          attachMount(tree, place);
        } finally {
          closeFd(tree);
        }
      } finally {
        closeFd(fd);
      }
      this.#mounted.push(place);
      return place;
    } catch (error) {
      rmdirSync(place);
      throw error;
    }
  }

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
  #source({ source, recursive, readOnly, shifted }: BindMount): { readonly path: string; readonly isDirectory: boolean } {
    const fd = typeof source === 'string' ? openSync(source, O_PATH) : source;
    try {
      const isDirectory = isDirectoryMode(statat(fd, '', AT_EMPTY_PATH).mode);
      if (typeof source === 'string') return { path: source, isDirectory };
      const shift = shifted === true ? this.ids?.shift : undefined;
      const tree = cloned(fd, { recursive: recursive === true, readOnly: readOnly === true, shift });
      try {
        return { path: this.#attach(tree, isDirectory), isDirectory };
      } finally {
        if (tree !== fd) closeFd(tree);
      }
    } finally {
      if (typeof source === 'string') closeFd(fd);
    }
  }

  file({ target, content, mode = 0o644, uid = 0, gid = 0, readOnly }: SandboxFile): BundleMount {
    const path = this.#place(false);
    writeFileSync(path, content);
    const owner = this.ids === undefined ? { uid, gid } : outsideOf(this.ids, { uid, gid });
    if (owner.uid !== 0 || owner.gid !== 0) chownSync(path, owner.uid, owner.gid);
    chmodSync(path, mode);
    return { destination: target, source: path, options: ['bind', 'private', readOnly === true ? 'ro' : 'rw'] };
  }

  #place(isDirectory: boolean): string {
    const path = join(this.directory, `mount-${this.#count++}`);
    if (isDirectory) mkdirSync(path);
    else writeFileSync(path, '');
    return path;
  }

  #attach(mount: Fd, isDirectory: boolean): string {
    const path = this.#place(isDirectory);
    attachMount(mount, path);
    this.#mounted.push(path);
    return path;
  }

  root({ rootfs }: SandboxPlan, mounts: readonly BundleMount[]): string {
    if ('directory' in rootfs) return this.#directoryRoot(rootfs);
    const overlay = mountBundleRoot(rootfs, {
      stub: join(this.directory, 'stub'),
      points: [...OWN_MOUNT_POINTS, ...mounts.map(({ destination }) => destination)],
      directories: this.#directories,
      ids: this.ids,
      attach: (mount) => this.#attach(mount, true),
    });
    try {
      return this.#attach(overlay, true);
    } finally {
      closeFd(overlay);
    }
  }

  #directoryRoot({ directory, shifted }: DirectoryRoot): string {
    if (this.ids?.shift === undefined || shifted === true) return directory;
    const fd = openSync(directory, O_PATH);
    try {
      const tree = cloneMount(fd, { readOnly: false, recursive: true, shift: this.ids.shift });
      try {
        return this.#attach(tree, true);
      } finally {
        closeFd(tree);
      }
    } finally {
      closeFd(fd);
    }
  }

  close(): void {
    for (const path of this.#mounted.reverse()) unmount(path);
    if (this.directory !== this.made) rmdirSync(this.directory);
    rmSync(this.made, { recursive: true, force: true });
  }
}

/** Of a detached mount there is no clone before Linux 6.15; it is attached itself. What is read-only and cannot be shifted stays as it is. */
function cloned(fd: Fd, options: { readonly recursive: boolean; readonly readOnly: boolean; readonly shift: Fd | undefined }): Fd {
  const { recursive, readOnly, shift } = options;
  const clone = (given: Fd | undefined): Fd => cloneMount(fd, { readOnly: false, recursive, shift: given });
  try {
    return clone(shift);
  } catch (error) {
    if (!hasCode(error, 'EINVAL')) throw error;
    if (shift === undefined) return fd;
    if (!readOnly) throw error;
  }
  return clone(undefined);
}
