import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { skip } from './suite.js';

const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox'];

/** Fills `directory` with a root file system of one static busybox: `/bin` with its tools, and nothing else. */
export function makeBusyboxRoot(directory: string, tools: readonly string[]): string {
  const busybox = BUSYBOX.find((path) => existsSync(path));
  if (busybox === undefined) skip('busybox-static is not installed');
  mkdirSync(join(directory, 'bin'), { recursive: true });
  chmodSync(directory, 0o755);
  copyFileSync(busybox, join(directory, 'bin/busybox'));
  chmodSync(join(directory, 'bin/busybox'), 0o755);
  for (const tool of tools) symlinkSync('busybox', join(directory, 'bin', tool));
  return directory;
}
