import { existsSync } from 'node:fs';
import { skip } from './suite.js';
import { idModeOf, type TestStore } from './tsbuild.js';

/** Debian's crun refuses a machine that has both versions of control groups: here it sees the second alone. */
const ONE_VERSION = 'mount -t tmpfs none /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"';

/** Makes of an argv one that runs where the runtime of OCI works; skips the test where there is no such place. */
export async function inPlaceFor(runtime: string, store: TestStore): Promise<(argv: readonly string[]) => readonly string[]> {
  if (!['/usr/bin', '/usr/sbin'].some((folder) => existsSync(`${folder}/${runtime}`))) skip(`${runtime} is not installed`);
  if (runtime !== 'crun') return (argv) => argv;
  if ((await idModeOf(store)) !== 'root') skip('only root can show crun one version of control groups');
  return (argv) => ['unshare', '--mount', 'sh', '-c', ONE_VERSION, 'sh', ...argv];
}
