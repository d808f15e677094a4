import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { skip } from './suite.js';
import { containerfiles, fixtures, project, type Run, run } from './tsbuild.js';

/** The ordinary users that the tests make: with subordinate ids, and without. */
export const USERS = ['tsbuild-subids', 'tsbuild-noids'] as const;

/** `script` for {@link runWithTunnel}, in which `ts` is tsbuild with a store in `$DIR` that has `localhost/busybox`; the store is removed at its end. */
export function besideBusybox(script: string): string {
  if (!existsSync(join(fixtures, 'busybox.tar.zst'))) skip('build/fixtures/busybox.tar.zst could not be made on this machine');
  return `set -e
ts() { ${project}/bin/tsbuild --root "$DIR/root" --runroot "$DIR/run" "$@"; }
mkdir base
cp ${containerfiles}/busybox/Containerfile base/
cp ${fixtures}/busybox.tar.zst base/rootfs.tar.zst
ts bud -q -t busybox base
${script}
ts unshare rm -rf "$DIR/root"`;
}

/**
 * Runs a shell script as an ordinary user for whom /dev/net/tun is open, as it is on most systems and not on every test machine. Only root
 * can do that: anybody else skips. `$DIR` is a directory of the user's, gone afterwards.
 */
export async function runWithTunnel(user: string, script: string, env: Readonly<Record<string, string>> = {}): Promise<Run> {
  if (process.getuid?.() !== 0) skip('only root can open /dev/net/tun for others');
  if (spawnSync('id', [user]).status !== 0) skip(`there is no user ${user}`);
  if (!existsSync('/dev/net/tun')) skip('this kernel has no /dev/net/tun');
  const ids = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout));
  const directory = mkdtempSync('/tmp/tsbuild-as-user-');
  chownSync(directory, ids[0]!, ids[1]!);
  chmodSync(directory, 0o755);
  const node = join(directory, 'tun');
  try {
    const prepare = `mknod ${node} c 10 200 && chmod 666 ${node} && mount --bind ${node} /dev/net/tun`;
    const become = `exec setpriv --reuid ${ids[0]} --regid ${ids[1]} --clear-groups --inh-caps=-all sh -c "$SCRIPT"`;
    return await run(['unshare', '--mount', 'sh', '-c', `${prepare} && ${become}`], {
      cwd: directory,
      env: { ...env, SCRIPT: script, DIR: directory, HOME: directory, XDG_RUNTIME_DIR: undefined },
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
