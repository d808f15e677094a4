import { readFileSync } from 'node:fs';
import { formatPlatform, hostPlatform } from '../image/index.js';
import { packageFile } from '../sys/index.js';

export interface VersionInfo {
  readonly version: string;
  readonly node: string;
  /** Of the OCI image specification that images are written to. */
  readonly imageSpec: string;
  readonly platform: string;
}

export function versionInfo(): VersionInfo {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };
  return { version, node: process.versions.node, imageSpec: '1.1.1', platform: formatPlatform(hostPlatform(process.arch)) };
}
