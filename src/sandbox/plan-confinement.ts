import type { Confinement, ConfinementPlan } from './confinement.js';
import { type SelinuxHost, selinuxLabels } from './selinux-labels.js';

/**
 * What a confinement means on a host.
 *
 * @param selinux undefined where there is none: labels then mean nothing, as with other tools
 */
export function planConfinement(confinement: Confinement, selinux: SelinuxHost | undefined): ConfinementPlan {
  const { capabilities, seccomp, noNewPrivileges, mask, unmask, apparmor, label = [] } = confinement;
  const labels = selinux === undefined || label.length === 0 ? undefined : selinuxLabels(label, selinux);
  return {
    seccomp: seccomp ?? 'default',
    ...(capabilities === undefined ? {} : { capabilities }),
    ...(noNewPrivileges === true ? { noNewPrivileges } : {}),
    ...(mask === undefined ? {} : { mask }),
    ...(unmask === undefined ? {} : { unmask }),
    ...(apparmor === undefined || apparmor === 'unconfined' ? {} : { apparmorProfile: apparmor }),
    ...(labels === undefined ? {} : { selinux: labels }),
  };
}
