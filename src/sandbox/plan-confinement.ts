import type { Confinement, ConfinementPlan } from './confinement.js';
import { labelsOf, type SelinuxHost } from './selinux-labels.js';

/**
 * What a confinement means on a host.
 *
 * @param selinux undefined where there is none: labels then mean nothing, as with other tools
 * @throws {UnsupportedFeatureError} labels were asked for that the policy does not have
 */
export function planConfinement(confinement: Confinement, selinux: SelinuxHost | undefined): ConfinementPlan {
  const { capabilities, seccomp, noNewPrivileges, mask, unmask, apparmor, label = [] } = confinement;
  const labels = selinux === undefined ? undefined : labelsOf(label, selinux);
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
