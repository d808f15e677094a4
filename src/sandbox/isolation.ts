/** By what a command is kept apart. */
export type Isolation =
  /** The launcher. */
  | { readonly kind: 'native' }
  /** The launcher, which makes do with what the system lets it have. */
  | { readonly kind: 'chroot' }
  /** A runtime of OCI: its name or path, and global flags of it. `isRealRoot`: not of a user namespace, so it can make control groups. */
  | { readonly kind: 'oci'; readonly runtime: string; readonly flags: readonly string[]; readonly isRealRoot: boolean };
