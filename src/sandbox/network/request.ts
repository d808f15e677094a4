/** Which network commands are to have. */
export type NetworkRequest =
  /** A private one where it can be had, else the host's. */
  | { readonly kind: 'default' }
  | { readonly kind: 'host' }
  /** Loopback only. */
  | { readonly kind: 'none' }
  /** One of their own, connected by a helper; undefined: pasta, or slirp4netns where there is none. `options` go to the helper. */
  | { readonly kind: 'private'; readonly helper?: NetworkHelper | undefined; readonly options: readonly string[] }
  /** A network namespace that is there. */
  | { readonly kind: 'path'; readonly path: string };

export type NetworkHelper = 'pasta' | 'slirp4netns';
