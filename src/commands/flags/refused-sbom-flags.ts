const SBOM = 'make the list with a scanner of your own';

/** Buildah's flags for lists of what an image holds, and why tsbuild does not have them. */
export const REFUSED_SBOM_FLAGS = {
  sbom: SBOM,
  'sbom-image-output': SBOM,
  'sbom-image-purl-output': SBOM,
  'sbom-merge-strategy': SBOM,
  'sbom-output': SBOM,
  'sbom-purl-output': SBOM,
  'sbom-scanner-command': SBOM,
  'sbom-scanner-image': SBOM,
} as const;
