import { release } from 'node:os';
import { skip } from './suite.js';

/** Skips the running test on a kernel before `version`, such as "6.13"; "0" never does. */
export function needKernel(version: string): void {
  if (!isKernel(version)) skip(`needs Linux ${version}, this is ${release()}`);
}

/** Whether the running kernel is of this version or a later one. */
export function isKernel(version: string): boolean {
  const [major = 0, minor = 0] = release()
    .split('.')
    .map((word) => Number.parseInt(word, 10));
  const [wantedMajor = 0, wantedMinor = 0] = version.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
