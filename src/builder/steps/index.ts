export { AddedDigest } from './added-digest.js';
export { BackgroundWork } from './background-work.js';
export {
  CACHE_CONFIG,
  type CacheDocument,
  type CachedLayer,
  type CachedMount,
  cachedLayerOf,
  encodeCacheDocument,
  isShareable,
  MAX_CACHE_BYTES,
  parseCacheDocument,
  recordsOfImage,
} from './cache-document.js';
export { type CommandNetwork, prepareNetwork, sysctlsOf, withCommandNetwork } from './command-network.js';
export { commitUpper, commitWhole } from './commit-layers.js';
export { ConstantStep, EMPTY_ROOT } from './constant-step.js';
export { escapeWildcards } from './copy-sources.js';
export { type CopySpec, CopyStep } from './copy-step.js';
export { DirectoryStep } from './directory-step.js';
export { RunFailedError } from './errors.js';
export { FreshStep } from './fresh-step.js';
export { type ImageUser, lookUpUser, UnknownUserError } from './image-user.js';
export { knownLayer, type LayerState } from './layer-state.js';
export { LinkStep } from './link-step.js';
export { isDirectory, makeDirectories } from './make-directories.js';
export { type OpenedMounts, openRunMounts } from './open-run-mounts.js';
export { type OwnIds, shiftsOwners, withOwnIds } from './own-ids.js';
export { openRootShell, type RootShellOptions } from './root-shell.js';
export { diffIdsOf, isUnpublished, type RootState, withLowers } from './root-state.js';
export type { Confidants, MountOrigin, MountTraits, RunMount, SshAgent } from './run-mounts.js';
export { RunStep } from './run-step.js';
export { SealStep } from './seal-step.js';
export { type SharedRecords, shareRecords } from './shared-records.js';
export { SquashStep } from './squash-step.js';
export { StepCache } from './step-cache.js';
export { StepExplainer, type StepPlace } from './step-explainer.js';
export type { Downloaded, DownloadOptions, ForeignSource, Toolbox } from './toolbox.js';
export { WatchedStep } from './watched-step.js';
