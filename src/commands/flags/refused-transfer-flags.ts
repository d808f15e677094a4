/** Flags of commands that copy images, for what tsbuild leaves to others. */
export const REFUSED_TRANSFERS = {
  'blob-cache': 'blobs are kept in the store',
  'decryption-key': 'encrypted images cannot be read',
} as const;

export const REFUSED_UPLOADS = {
  'blob-cache': 'blobs are kept in the store',
  'encrypt-layer': 'layers are not encrypted',
  'encryption-key': 'layers are not encrypted',
} as const;
