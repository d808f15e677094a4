import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { MergedSbom } from './merge-sboms.js';
import type { ScanOutputs } from './scan-options.js';

/** Writes the list, and the package URLs, to the files of this machine that were named. */
export function writeLocalSbom({ sbom, purl }: ScanOutputs, merged: MergedSbom): void {
  if (sbom !== undefined) writeFileSync(sbom, merged.sbom);
  if (purl !== undefined) writeFileSync(purl, merged.purls);
}

/** A file for the image. */
export interface ImageFile {
  /** Absolute and cleaned. */
  readonly path: string;
  readonly content: Buffer;
}

/** What goes into the image. */
export function imageFilesOf({ imageSbom, imagePurl }: ScanOutputs, merged: MergedSbom): readonly ImageFile[] {
  return [
    ...(imageSbom === undefined ? [] : [{ path: resolve('/', imageSbom), content: merged.sbom }]),
    ...(imagePurl === undefined ? [] : [{ path: resolve('/', imagePurl), content: merged.purls }]),
  ];
}
