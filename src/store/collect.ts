/** What a collection did. */
export type CollectResult =
  | { readonly kind: 'collected'; readonly blobs: number; readonly snapshots: number; readonly records: number; readonly freedBytes: number }
  /** Another command uses the store; nothing was removed. */
  | { readonly kind: 'busy' };
