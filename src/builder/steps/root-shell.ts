import { closeFd } from '../../sys/index.js';
import { type CommandNetwork, withCommandNetwork } from './command-network.js';
import { lookUpUser } from './image-user.js';
import { type RootState, withLowers } from './root-state.js';
import type { Toolbox } from './toolbox.js';

export interface RootShellOptions {
  /** `NAME=value`. */
  readonly env: readonly string[];
  /** Absolute. */
  readonly workingDirectory: string;
  /** `user[:group]` of the image; empty for root. */
  readonly user: string;
  readonly network: CommandNetwork;
}

/** Runs a shell at the terminal in a root file system. What it writes there is thrown away when it ends. */
export async function openRootShell(root: RootState, shell: RootShellOptions, toolbox: Toolbox): Promise<void> {
  const { snapshots, interrupted: signal } = toolbox;
  const { runInSandbox } = await import('../../sandbox/index.js');
  await withLowers(root, snapshots, { signal }, async (lowers) => {
    const working = await snapshots.prepare(lowers);
    try {
      const merged = await snapshots.openMerged([working.upper, ...lowers]);
      let user: ReturnType<typeof lookUpUser>;
      try {
        user = lookUpUser(merged, shell.user);
      } finally {
        closeFd(merged);
      }
      await withCommandNetwork(shell.network, { hostname: 'debug', mayChangeIt: false }, ({ network, files }) =>
        runInSandbox(
          {
            rootfs: snapshots.rootfs(lowers, working),
            argv: ['/bin/sh'],
            env: [`HOME=${user.home}`, ...shell.env],
            cwd: shell.workingDirectory,
            user: { uid: user.uid, gid: user.gid, groups: user.groups },
            network,
            hostname: 'debug',
            mounts: [],
            files,
            seccomp: 'default',
            singleId: toolbox.singleId,
            stdio: 'inherit',
          },
          { signal },
        ),
      );
    } finally {
      snapshots.discard(working);
    }
  });
}
