import type { MountTraits } from '../../builder/steps/index.js';

/** Groups of words of which a mount has one at most: of each group the words that mean the same, or contradict each other. */
const GROUPS: readonly (readonly string[])[] = [
  ['ro', 'rw', 'O'],
  ['z', 'Z'],
  ['U'],
  ['suid', 'nosuid'],
  ['dev', 'nodev'],
  ['exec', 'noexec'],
  ['bind', 'rbind'],
  ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared', 'unbindable', 'runbindable'],
  ['cached', 'delegated', 'consistent'],
  ['copy', 'nocopy'],
  ['idmap'],
];

/** Words of which the second and any further contradict the first; undefined when there are none. */
export function contradiction(words: readonly string[]): readonly [string, string] | undefined {
  for (const group of GROUPS) {
    const [first, second] = words.filter((word) => group.includes(word));
    if (first !== undefined && second !== undefined && first !== second) return [first, second];
  }
  return undefined;
}

/** Of `--volume`: what Buildah knows, but for words that would need the kernel to map ids a second time. */
export function isVolumeOption(word: string): boolean {
  return word !== 'idmap' && GROUPS.some((group) => group.includes(word));
}

const PROPAGATION = /^(?:bind-propagation=)?r?(private|slave|shared|unbindable)$/;

/**
 * What Buildah's mount options mean here. `z`, `Z` and `relabel` mean nothing without SELinux, `cached` and its kind nothing on Linux.
 * What is propagated is always all that is mounted: `slave` is `rslave`.
 */
export function mountTraits(words: readonly string[]): MountTraits {
  const has = (word: string): boolean => words.includes(word);
  const propagation = words.map((word) => PROPAGATION.exec(word)?.[1] as MountTraits['propagation']).find((kind) => kind !== undefined);
  return {
    nosuid: has('nosuid'),
    nodev: has('nodev'),
    noexec: has('noexec'),
    ...(has('U') ? { chown: true } : {}),
    ...(has('z') || has('relabel=shared') ? { relabel: 'shared' as const } : {}),
    ...(has('Z') || has('relabel=private') ? { relabel: 'private' as const } : {}),
    ...(propagation === undefined || propagation === 'private' ? {} : { propagation }),
  };
}

/** Whether what is mounted beneath the source comes along. */
export function isRecursive(words: readonly string[]): boolean {
  return !words.some((word) => word === 'bind' || /^bind-nonrecursive(=(1|t|true))?$/i.test(word));
}
