import type { ScanFlags } from '../../operations/sbom/scan-options.js';
import { list, text } from './flags.js';

/** What a scanner finds in the image, as a list. */
export const SBOM_FLAGS = {
  sbom: text({
    value: 'PRESET',
    summary: 'List what is in the image: syft, syft-cyclonedx, syft-spdx, trivy, trivy-cyclonedx or trivy-spdx',
  }),
  'sbom-image-output': text({ value: 'path', summary: 'Put the list into the image' }),
  'sbom-image-purl-output': text({ value: 'path', summary: 'Put the package URLs that are in the list into the image' }),
  'sbom-merge-strategy': text({
    value: 'STRATEGY',
    summary: 'How lists are made one: cat, merge-cyclonedx-by-component-name-and-version or merge-spdx-by-package-name-and-versioninfo',
  }),
  'sbom-output': text({ value: 'path', summary: 'Write the list to this file' }),
  'sbom-purl-output': text({ value: 'path', summary: 'Write the package URLs that are in the list to this file' }),
  'sbom-scanner-command': list({
    value: 'COMMAND',
    summary: 'Command of a scanner that looks at {ROOTFS} or {CONTEXT} and writes a list to {OUTPUT}; may be given several times',
  }),
  'sbom-scanner-image': text({ value: 'IMAGE', summary: 'Image of the scanner' }),
} as const;

type SbomFlags = { readonly [name in Exclude<keyof typeof SBOM_FLAGS, 'sbom-scanner-command'>]?: string | undefined } & {
  readonly 'sbom-scanner-command'?: readonly string[] | undefined;
};

/** The flags as the operation takes them. */
export function scanFlags(flags: SbomFlags): ScanFlags {
  return {
    preset: flags.sbom,
    image: flags['sbom-scanner-image'],
    commands: flags['sbom-scanner-command'] ?? [],
    mergeStrategy: flags['sbom-merge-strategy'],
    outputs: {
      sbom: flags['sbom-output'],
      purl: flags['sbom-purl-output'],
      imageSbom: flags['sbom-image-output'],
      imagePurl: flags['sbom-image-purl-output'],
    },
  };
}
