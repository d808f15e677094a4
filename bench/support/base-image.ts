import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtures } from './tsbuild.js';

/** The name every tool gives the base image, so that one Containerfile serves all. */
export const BASE_IMAGE = 'localhost/busybox';

/** Writes the context of the base image and returns its directory. */
export function writeBase(directory: string): string {
  mkdirSync(directory, { recursive: true });
  // Debian's buildah does not unpack zstd, so all sides get the same plain tar.
  copyFileSync(join(fixtures, 'busybox.tar'), join(directory, 'rootfs.tar'));
  writeFileSync(join(directory, 'Containerfile'), 'FROM scratch\nADD rootfs.tar /\nENV PATH=/bin\nCMD ["/bin/sh"]\n');
  return directory;
}
