const NAMESPACES = 'commands always have namespaces of their own';
const USAGE = 'what a step took is not recorded';

/** Flags of `buildah build` that tsbuild does not have, and why. */
export const REFUSED_BUILD_FLAGS = {
  'blob-cache': 'blobs are kept in the store',
  cgroupns: NAMESPACES,
  cw: 'images for confidential workloads are not made',
  'decryption-key': 'encrypted images cannot be read',
  'group-add': 'groups are those of the user in the image',
  'hooks-dir': 'OCI hooks belong to a runtime, and the sandbox is none',
  ipc: NAMESPACES,
  'layer-label': 'steps leave layers, and no images that could have labels; --save-stages keeps the images of stages',
  'log-rusage': USAGE,
  pid: NAMESPACES,
  'rusage-logfile': USAGE,
  'sign-by': 'the store keeps no signatures; push --sign-by signs what is pushed',
  stdin: 'commands of a build read nothing; use RUN --mount or a heredoc',
  uts: NAMESPACES,
} as const;
