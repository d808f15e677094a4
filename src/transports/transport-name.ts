/** A parsed `transport:rest`. */
export type TransportName =
  | { readonly kind: 'docker'; readonly reference: string }
  | { readonly kind: 'oci' | 'oci-archive'; readonly path: string; readonly reference?: string; readonly position?: number }
  | { readonly kind: 'docker-archive'; readonly path: string; readonly reference?: string; readonly position?: number }
  | { readonly kind: 'dir'; readonly path: string }
  | { readonly kind: 'containers-storage'; readonly reference: string };
