import { capabilityNumber, DEFAULT_CAPABILITIES } from './capabilities.js';
import type { Filters } from './filters.js';
import { READ_ONLY_PATHS } from './kernel-paths.js';
import { limitNumber } from './limits.js';
import type { BindMount, SandboxFile, SandboxMount, SandboxPlan, SandboxUserNamespace } from './plan.js';
import { shownMasks } from './shown-masks.js';

/** Where the launcher finds what it is handed: numbers of its own descriptors. */
export interface PlanDescriptors {
  /** For the bind mounts whose source is a descriptor, in the order of `plan.mounts`. */
  readonly sources: readonly number[];
  /** Of `plan.userNamespace.shift`. */
  readonly userNamespace?: number | undefined;
  /** Seccomp programs: descriptors or bytes. */
  readonly filters: Filters;
  /** Process id of the caller; the launcher dies with it. */
  readonly parent: number;
}

type Entry = readonly [name: string, value: string | number];

/**
 * The plan as the launcher reads it: repeated `name NUL value NUL`. docs/launcher.md lists the names.
 *
 * @throws {RangeError} a value with a NUL byte, an unknown capability
 */
export function encodePlan(plan: SandboxPlan, descriptors: PlanDescriptors): Buffer {
  const chunks: string[] = [];
  for (const [name, value] of entries(plan, descriptors)) {
    const text = String(value);
    // In an argument or a path it would end the value early and turn the rest into names.
    if (text.includes('\0')) throw new RangeError(`The ${name} of a sandbox holds a NUL byte`);
    chunks.push(name, '\0', text, '\0');
  }
  return Buffer.from(chunks.join(''), 'utf8');
}

function* entries(plan: SandboxPlan, descriptors: PlanDescriptors): Generator<Entry> {
  yield ['version', 1];
  yield ['parent', descriptors.parent];
  yield* rootEntries(plan.rootfs);
  for (const argument of plan.argv) yield ['argument', argument];
  for (const variable of plan.env) yield ['environment', variable];
  yield ['cwd', plan.cwd];
  yield ['uid', plan.user.uid];
  yield ['gid', plan.user.gid];
  for (const group of plan.user.groups) yield ['group', group];
  if (plan.userNamespace !== undefined) yield* idEntries(plan.userNamespace, descriptors.userNamespace);
  yield ['single-id', flag(plan.singleId)];
  yield ['no-new-privileges', flag(plan.noNewPrivileges)];
  for (const name of plan.capabilities ?? DEFAULT_CAPABILITIES) yield ['capability', capabilityNumber(name)];
  yield* filterEntries(descriptors.filters);
  if (plan.apparmorProfile !== undefined) yield ['apparmor-profile', plan.apparmorProfile];
  if (plan.selinux !== undefined && plan.selinux.process !== '') yield ['process-label', plan.selinux.process];
  if (plan.selinux !== undefined) yield ['mount-label', plan.selinux.mount];
  yield typeof plan.network === 'string' ? ['network', plan.network] : ['network-path', plan.network.path];
  yield ['hostname', plan.hostname];
  yield ['new-session', flag(plan.stdio === 'pipe')];
  if (plan.shmSizeBytes !== undefined) yield ['shm-size', plan.shmSizeBytes];
  for (const { path, value } of plan.sysctls ?? []) yield ['sysctl', `${path}=${value}`];
  if (plan.stdio === 'terminal') yield ['terminal', flag(true)];
  if (plan.isolation?.kind === 'chroot') yield ['lenient', flag(true)];
  for (const directory of plan.cgroups ?? []) yield ['cgroup', directory];
  for (const processor of plan.processors ?? []) yield ['processor', processor];
  for (const { name, soft, hard } of plan.limits ?? []) yield ['limit', `${limitNumber(name)}:${soft}:${hard}`];
  const sources = descriptors.sources[Symbol.iterator]();
  for (const mount of plan.mounts) yield* mountEntries(mount, sources);
  for (const file of plan.files) yield* fileEntries(file);
  if (plan.unmasked === true) {
    yield ['writable-sys', flag(true)];
    return;
  }
  for (const path of shownMasks(plan)) yield ['masked', path];
  for (const path of READ_ONLY_PATHS) yield ['read-only', path];
}

function* idEntries({ uids, gids }: SandboxUserNamespace, descriptor: number | undefined): Generator<Entry> {
  for (const { inside, outside, count } of uids) yield ['uid-map', `${inside}:${outside}:${count}`];
  for (const { inside, outside, count } of gids) yield ['gid-map', `${inside}:${outside}:${count}`];
  if (descriptor !== undefined) yield ['user-namespace-fd', descriptor];
}

function* filterEntries({ profile, fence, notify, fallback }: Filters): Generator<Entry> {
  if (typeof profile === 'number') yield ['filter-fd', profile];
  else if (profile !== undefined) yield ['filter', profile.toString('hex')];
  if (fence !== undefined) yield ['filter-fd', fence];
  if (notify !== undefined) yield ['notify-filter-fd', notify];
  if (fallback !== undefined) yield ['fallback-filter-fd', fallback];
}

function* rootEntries(rootfs: SandboxPlan['rootfs']): Generator<Entry> {
  if (rootfs.shifted === true) yield ['root-shifted', flag(true)];
  if ('directory' in rootfs) {
    yield ['directory', rootfs.directory];
    return;
  }
  yield ['overlay-xattrs', rootfs.overlayXattrs];
  for (const lower of rootfs.lowers) yield ['lower', lower];
  if (rootfs.upper !== undefined) yield ['upper', rootfs.upper];
  if (rootfs.work !== undefined) yield ['work', rootfs.work];
}

function* mountEntries(mount: SandboxMount, sources: Iterator<number>): Generator<Entry> {
  yield ['mount', mount.kind];
  yield ['mount-target', mount.target];
  if (mount.kind === 'bind') {
    yield sourceEntry(mount, sources);
    yield ['mount-recursive', flag(mount.recursive)];
    if (mount.shifted === true) yield ['mount-shifted', flag(true)];
    if (mount.propagation !== undefined) yield ['mount-propagation', mount.propagation];
  } else {
    if (mount.sizeBytes !== undefined) yield ['mount-size', mount.sizeBytes];
    if (mount.modeBits !== undefined) yield ['mount-mode', mount.modeBits.toString(8)];
    yield ['mount-uid', mount.uid ?? 0];
    yield ['mount-gid', mount.gid ?? 0];
  }
  yield ['mount-read-only', flag(mount.readOnly)];
  yield ['mount-nosuid', flag(mount.nosuid)];
  yield ['mount-nodev', flag(mount.nodev)];
  yield ['mount-noexec', flag(mount.noexec)];
}

function sourceEntry(mount: BindMount, sources: Iterator<number>): Entry {
  if (typeof mount.source === 'string') return ['mount-source', mount.source];
  const next = sources.next();
  if (next.done === true) throw new RangeError(`No descriptor for the source of "${mount.target}"`);
  return ['mount-source-fd', next.value];
}

function* fileEntries(file: SandboxFile): Generator<Entry> {
  yield ['mount', 'file'];
  yield ['mount-target', file.target];
  yield ['mount-mode', (file.mode ?? 0o644).toString(8)];
  yield ['mount-uid', file.uid ?? 0];
  yield ['mount-gid', file.gid ?? 0];
  yield ['mount-read-only', flag(file.readOnly)];
  yield ['mount-content', contentBytes(file.content).toString('hex')];
}

function flag(value: boolean | undefined): '0' | '1' {
  return value === true ? '1' : '0';
}

function contentBytes(content: string | Uint8Array): Buffer {
  return typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}
