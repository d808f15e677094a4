import type { Fd, IdMaps } from '../sys/index.js';
import type { Isolation } from './isolation.js';
import type { LimitName } from './limits.js';
import type { ResourceLimits } from './resources/resource-limits.js';
import type { SelinuxLabels } from './selinux-labels.js';

/** One command to run in a root file system of its own. Paths are of the caller's mount namespace unless they say "inside". */
export interface SandboxPlan {
  readonly rootfs: OverlayRoot | DirectoryRoot;
  /** The command and its arguments; a name without `/` is looked up in the PATH of `env`, inside. */
  readonly argv: readonly string[];
  /** `NAME=value`; nothing is inherited. */
  readonly env: readonly string[];
  /** Absolute, inside; must exist. A path that leads out of the root is refused. */
  readonly cwd: string;
  readonly user: SandboxUser;
  /** `host`: the network of the caller. `none`: loopback only. Or a network namespace by its path. */
  readonly network: 'host' | 'none' | { readonly path: string };
  readonly hostname: string;
  /** Attached sorted by target, so that one may lie inside another; of two on one target the later covers the earlier. */
  readonly mounts: readonly SandboxMount[];
  /** Files with content of the caller's: hosts, hostname, resolv.conf, secrets. They live in memory and never in a layer. */
  readonly files: readonly SandboxFile[];
  /** Names as `CAP_CHOWN`; default {@link DEFAULT_CAPABILITIES}. A user other than root keeps them in the bounding set only. */
  readonly capabilities?: readonly string[];
  /** `profile`: JSON in the format of containers-common. */
  readonly seccomp: 'default' | 'unconfined' | { readonly profile: string };
  /** Show all of /proc and /sys, as writable as the kernel has it; default false. */
  readonly unmasked?: boolean | undefined;
  /** Further paths that the command finds empty: absolute, without links on the way. Those that do not exist are passed over. */
  readonly mask?: readonly string[];
  /** Patterns of paths that are masked by default and shall not be; `all` is all of them. What can only be read stays so. */
  readonly unmask?: readonly string[];
  /** AppArmor profile of the command; the kernel must have it. */
  readonly apparmorProfile?: string;
  /** SELinux contexts of the command and of its files; the kernel must have them. */
  readonly selinux?: SelinuxLabels;
  /** A user namespace of its own; left out: it is the caller's. Not with {@link singleId}. */
  readonly userNamespace?: SandboxUserNamespace | undefined;
  /** The namespace has one id only: the others are made believe, and owners recorded in `user.containers.override_stat`. */
  readonly singleId: boolean;
  /** Set-user-id programs gain nothing; default false, as with Buildah. */
  readonly noNewPrivileges?: boolean;
  /** Size of /dev/shm in bytes; default 64 MiB. */
  readonly shmSizeBytes?: number | undefined;
  /** Settings of the kernel for namespaces of the command's own. */
  readonly sysctls?: readonly Sysctl[] | undefined;
  /** Beside the defaults: as many open files as may be, no core files. */
  readonly limits?: readonly ResourceLimit[] | undefined;
  /** Directories of control groups that all of it belongs to, those of `resources` among them when it runs. */
  readonly cgroups?: readonly string[] | undefined;
  /** Numbers of the processors it may run on. */
  readonly processors?: readonly number[] | undefined;
  /** Default: native. */
  readonly isolation?: Isolation | undefined;
  /** What all processes of it may use together; control groups are made for it. */
  readonly resources?: ResourceLimits | undefined;
  /**
   * `pipe`: standard input is empty, the outputs go to `onOutput`. `inherit`: all three are the caller's. `terminal`: they are a terminal
   * of the command's own, which is carried over to the caller's.
   */
  readonly stdio: 'pipe' | 'inherit' | 'terminal';
}

/** Ids inside are those of the image, and of the plan; ids outside are the caller's. 0 must be among them. */
export interface SandboxUserNamespace extends IdMaps {
  /**
   * A user namespace with these maps: the layers of the root file system hold ids inside, and are mounted so that they look as this namespace
   * has them. Left out where inside and outside are the same ids, or files belong to ids outside already.
   */
  readonly shift?: Fd | undefined;
}

export interface Sysctl {
  /** A path below /proc/sys: `net/ipv4/ip_forward`. */
  readonly path: string;
  readonly value: string;
}

/** A limit as setrlimit(2) takes it; `unlimited` is RLIM_INFINITY. Only real root can raise a hard limit. */
export interface ResourceLimit {
  readonly name: LimitName;
  readonly soft: number | 'unlimited';
  readonly hard: number | 'unlimited';
}

/** An overlay that the sandbox mounts and that is gone with it. */
export interface OverlayRoot {
  /** Directories, top first; may be empty when there is an upper. */
  readonly lowers: readonly string[];
  /** Takes what the command writes. Absent: the root is read-only. Belongs to one sandbox at a time, with `work`. */
  readonly upper?: string | undefined;
  /** Empty directory on the file system of `upper`. */
  readonly work?: string | undefined;
  /** Where overlay keeps its marks: `user` in a user namespace, `trusted` for real root. */
  readonly overlayXattrs: 'user' | 'trusted';
  /** Owners in it are ids outside already, and need no shift. */
  readonly shifted?: boolean | undefined;
}

/** A directory that is itself the root file system. Mount points it lacks are made, and removed at the end. */
export interface DirectoryRoot {
  readonly directory: string;
  /** Its owners are ids outside already, and need no shift. */
  readonly shifted?: boolean | undefined;
}

export interface SandboxUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, exactly these. */
  readonly groups: readonly number[];
}

export type SandboxMount = BindMount | TmpfsMount;

interface MountFlags {
  /** Absolute, inside. Links on the way are followed inside the root; a missing mount point is made and never ends in the layer. */
  readonly target: string;
  readonly readOnly?: boolean;
  readonly nosuid?: boolean;
  readonly nodev?: boolean;
  readonly noexec?: boolean;
}

export interface BindMount extends MountFlags {
  readonly kind: 'bind';
  /** A descriptor says exactly which file or directory; a path is looked up by the launcher, links followed. */
  readonly source: Fd | string;
  /** Its owners are ids inside, and are shifted as those of the root file system. What is read-only and cannot be shifted stays as it is. */
  readonly shifted?: boolean | undefined;
  /** With what is mounted beneath the source. */
  readonly recursive?: boolean;
  /** What mounts that come later mean on the other side; default `private`: nothing. */
  readonly propagation?: MountPropagation | undefined;
}

export type MountPropagation = 'private' | 'slave' | 'shared' | 'unbindable';

export interface TmpfsMount extends MountFlags {
  readonly kind: 'tmpfs';
  readonly sizeBytes?: number | undefined;
  /** Permission bits of its root, default 0o1777. */
  readonly modeBits?: number | undefined;
  readonly uid?: number;
  readonly gid?: number;
}

export interface SandboxFile {
  /** Absolute, inside; as for mounts. */
  readonly target: string;
  readonly content: string | Uint8Array;
  /** Permission bits, default 0o644. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly readOnly?: boolean;
}

/** How the command ended. 127 and 126 from `exited` also stand for a command that could not be started; standard error then says why. */
export type SandboxResult = (
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signaled'; readonly signal: string }
) & {
  /** What the sandbox could not give: see {@link SandboxWarning}. */
  readonly warnings: readonly SandboxWarning[];
  /** A process was killed because the memory of `resources` was used up. */
  readonly outOfMemory?: boolean | undefined;
  /** What of `resources` is not enforced here, and why; absent: nothing. */
  readonly shortfall?: string | undefined;
};

/**
 * `fake-ids`: there is one id only, and the kernel has no seccomp notification: owners are lost. `user`: in such a case, a user other
 * than root was asked for. `proc`: /proc is the outer one, because a fresh one is forbidden here. `processes`: no namespace for processes.
 * `runtime-ids`: there is one id only, and a runtime of OCI makes no others believed: owners are lost.
 */
export type SandboxWarning = 'fake-ids' | 'user' | 'proc' | 'processes' | 'runtime-ids';
