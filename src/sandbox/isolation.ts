/** By what a command is kept apart. */
export type Isolation =
  /** The launcher. */
  | { readonly kind: 'native' }
  /** The launcher, which makes do with what the system lets it have. */
  | { readonly kind: 'chroot' }
  | OciIsolation;

/** A runtime of OCI. */
export interface OciIsolation {
  readonly kind: 'oci';
  /** Its name or path. */
  readonly runtime: string;
  /** Global ones of it. */
  readonly flags: readonly string[];
  /** Not root of a user namespace, so that it can make control groups. */
  readonly isRealRoot: boolean;
  /** Where bundles lie while their commands run. Made when it is missing. */
  readonly runRoot: string;
}
