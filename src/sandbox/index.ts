/** Run one process in a prepared root file system through the native launcher, and supervise it. */
export { ALL_CAPABILITIES, DEFAULT_CAPABILITIES } from './capabilities.js';
export type { Confinement, ConfinementPlan } from './confinement.js';
export { SandboxSetupError } from './errors.js';
export { type Execution, executionOf } from './foreign-platform.js';
export { type DnsSettings, type HostFilesOptions, hostFiles } from './host-files.js';
export type { Isolation } from './isolation.js';
export { LIMIT_NAMES, type LimitName } from './limits.js';
export { mergeCapabilities } from './merge-capabilities.js';
export type { DefaultNetwork } from './network/default-network.js';
export { NetworkError } from './network/errors.js';
export { type LeasedNetwork, Networks, type NetworksOptions } from './network/networks.js';
export type { NetworkHelper, NetworkRequest } from './network/request.js';
export type {
  BindMount,
  DirectoryRoot,
  MountPropagation,
  OverlayRoot,
  ResourceLimit,
  SandboxFile,
  SandboxMount,
  SandboxPlan,
  SandboxResult,
  SandboxUser,
  SandboxUserNamespace,
  SandboxWarning,
  Sysctl,
  TmpfsMount,
} from './plan.js';
export { planConfinement } from './plan-confinement.js';
export { limitSupport } from './resources/group-parent.js';
export { parseProcessorList, type ResourceLimits } from './resources/resource-limits.js';
export { runInSandbox } from './run-in-sandbox.js';
export type { RunOptions } from './run-options.js';
export { ownSelinuxHost, parseLabelOption, sharedLabel } from './selinux-labels.js';
