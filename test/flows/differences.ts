/** Where tsbuild means to do something else than Buildah 1.28 in a flow. */
export interface Difference {
  readonly reason: string;
  /** Lines that only Buildah has (`- `) and that only tsbuild has (`+ `). */
  readonly lines: readonly string[];
}

/** By the name of the flow. docs/coming-from-buildah.md tells users. */
export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'build/config-instructions': {
    reason: 'the directory of a VOLUME is made',
    lines: ['+ image localhost/out: d 755 0:0 now /data'],
  },
  'config/history': {
    reason: 'the comment and what the builder adds to it are two words',
    lines: [
      '- image localhost/out: history make image # by handFROM localhost/busybox:latest',
      '+ image localhost/out: history make image # by hand FROM localhost/busybox:latest',
    ],
  },
  'from/scratch-only': {
    reason: 'a command that is there and cannot run has the status that shells give it',
    lines: ['- status 1', '+ status 126'],
  },
  'list/containers-none': { reason: 'no containers are an empty list, which jq can read', lines: ['- null', '+ []'] },
  'list/prune': { reason: 'Buildah 1.28 has no prune; later ones do what tsbuild does', lines: ['- <none>'] },
  'pipeline/nested-shell': {
    reason: 'what a command finds mounted leaves nothing behind',
    lines: ['- image localhost/out: f 755 0:0 now /mounted.sh ""'],
  },
  'run/env-passed': { reason: 'Buildah 1.28 sets it to nothing; later ones pass the variable on', lines: ['- []', '+ [caller]'] },
};
