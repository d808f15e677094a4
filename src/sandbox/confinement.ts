import type { SandboxPlan } from './plan.js';

/** What a command may do, where that is not the default. Plain data: working containers keep it. */
export interface Confinement {
  /** Exactly these; undefined: the default ones. */
  readonly capabilities?: readonly string[] | undefined;
  /** `profile`: JSON in the format of containers-common. */
  readonly seccomp?: 'unconfined' | { readonly profile: string } | undefined;
  readonly noNewPrivileges?: boolean | undefined;
  /** Further paths that are hidden. */
  readonly mask?: readonly string[] | undefined;
  /** Patterns of paths that are not hidden; `all` is all of them. */
  readonly unmask?: readonly string[] | undefined;
  /** Name of an AppArmor profile; `unconfined` is none. */
  readonly apparmor?: string | undefined;
  /** SELinux, as written: `disable`, `type:container_t`, `level:s0:c1,c2`. */
  readonly label?: readonly string[] | undefined;
}

/** The part of a plan that a confinement decides. */
export type ConfinementPlan = Pick<
  SandboxPlan,
  'capabilities' | 'seccomp' | 'noNewPrivileges' | 'mask' | 'unmask' | 'apparmorProfile' | 'selinux'
>;
