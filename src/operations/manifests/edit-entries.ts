import { UsageError } from '../../errors.js';
import type { Descriptor, Digest, Index, Platform } from '../../image/index.js';

/** What an entry of a list is to say of its image; what is left out stays. */
export interface EntryChanges {
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly os?: string | undefined;
  readonly architecture?: string | undefined;
  readonly variant?: string | undefined;
  readonly osVersion?: string | undefined;
  readonly osFeatures?: readonly string[] | undefined;
  readonly features?: readonly string[] | undefined;
}

/** Adds `entries`; one for an image that is in the list already takes its place. */
export function addEntries(index: Index, entries: readonly Descriptor[]): Index {
  const manifests = [...index.manifests];
  for (const entry of entries) {
    const at = manifests.findIndex(({ digest }) => digest === entry.digest);
    if (at === -1) manifests.push(entry);
    else manifests[at] = entry;
  }
  return { ...index, manifests };
}

/** @throws {UsageError} no entry has the digest */
export function removeEntry(index: Index, digest: Digest): Index {
  demandEntry(index, digest);
  return { ...index, manifests: index.manifests.filter((entry) => entry.digest !== digest) };
}

/** @throws {UsageError} no entry has the digest */
export function changeEntries(index: Index, digest: Digest, changes: EntryChanges): Index {
  demandEntry(index, digest);
  return { ...index, manifests: index.manifests.map((entry) => (entry.digest === digest ? changeEntry(entry, changes) : entry)) };
}

export function changeEntry(entry: Descriptor, changes: EntryChanges): Descriptor {
  const annotations = { ...entry.annotations, ...changes.annotations };
  const platform = changePlatform(entry.platform, changes);
  return {
    ...entry,
    ...(platform === undefined ? {} : { platform }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

function changePlatform(before: Platform | undefined, changes: EntryChanges): Platform | undefined {
  const { os, architecture, variant, osVersion, osFeatures = [], features = [] } = changes;
  const isChanged = [os, architecture, variant, osVersion].some((value) => value !== undefined) || osFeatures.length + features.length > 0;
  if (!isChanged) return before;
  const { architecture: hadArchitecture = '', os: hadOs = '', ...others } = before ?? {};
  return {
    architecture: architecture ?? hadArchitecture,
    os: os ?? hadOs,
    ...others,
    ...(osVersion === undefined ? {} : { 'os.version': osVersion }),
    ...(osFeatures.length === 0 ? {} : { 'os.features': [...(before?.['os.features'] ?? []), ...osFeatures] }),
    ...(variant === undefined ? {} : { variant }),
    ...(features.length === 0 ? {} : { features: [...(before?.features ?? []), ...features] }),
  };
}

function demandEntry(index: Index, digest: Digest): void {
  if (!index.manifests.some((entry) => entry.digest === digest))
    throw new UsageError(`no instance matching digest "${digest}" found in manifest list: file does not exist`);
}
