import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withRegistry } from '../support/registry.js';
import { addBusybox, run, runOk, withTestStore } from '../support/tsbuild.js';
import type { Flow } from './flow.js';
import { type Builder, runFlow } from './run-flow.js';

/** The ordinary user that recordings are made as. */
const USER = 'tsbuild-subids';

/**
 * What the Buildah of this machine makes of each flow, in their order. Root alone can ask.
 *
 * @param directory empty, on a path that everybody may enter
 */
export async function runTheirs(flows: readonly Flow[], as: 'root' | 'user', directory: string): Promise<readonly (readonly string[])[]> {
  const isRoot = as === 'root';
  const [uid, gid] = isRoot ? [0, 0] : await idsOf(USER);
  const prefix = isRoot ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--inh-caps=-all', 'env', `USER=${USER}`];
  const start: Builder['start'] = (argv, options) => run([...prefix, ...argv], options);
  const own = (path: string): string => {
    mkdirSync(path, { recursive: true });
    chownSync(path, uid!, gid!);
    return path;
  };
  own(directory);
  const seed = own(join(directory, 'seed'));
  // Limits and control groups as they are: an ordinary user may not change them.
  const configuration = join(seed, 'containers.conf');
  writeFileSync(configuration, '[containers]\ncgroups = "disabled"\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n');
  const env = { CONTAINERS_CONF: configuration };
  // The same base for both: what one makes of it must not show.
  const archive = join(seed, 'busybox.tar');
  await withTestStore(async (store) => {
    await addBusybox(store);
    await store.ok([
      'push',
      '-q',
      '--compression-format',
      'gzip',
      '--force-compression',
      'busybox',
      `oci-archive:${archive}:localhost/busybox:latest`,
    ]);
  });
  chmodSync(archive, 0o644);
  const outcomes: (readonly string[])[] = [];
  await withRegistry({}, async ({ host }) => {
    for (const [index, flow] of flows.entries()) {
      const place = own(join(directory, String(index)));
      for (const child of ['work', 'home', 'tmp']) own(join(place, child));
      const command = `buildah --root ${join(place, 'root')} --runroot ${join(place, 'run')} --storage-driver overlay`;
      const home = { ...env, TMPDIR: place, HOME: place, XDG_RUNTIME_DIR: undefined };
      await runOk([...prefix, ...command.split(' '), 'pull', '-q', `oci-archive:${archive}`], { cwd: place, env: home });
      outcomes.push(await runFlow(flow, { command, env, start, isRoot }, { directory: place, registry: host }));
      const unshare = isRoot ? [] : [...prefix, 'buildah', 'unshare'];
      await run([...unshare, 'sh', '-c', 'umount "$0/root/overlay"; rm -rf "$0"', place], { cwd: '/', env: home });
      await runOk(['rm', '-rf', place]);
    }
  });
  return outcomes;
}

async function idsOf(user: string): Promise<readonly number[]> {
  const { stdout } = await runOk(['sh', '-c', 'id -u "$0"; id -g "$0"', user]);
  return stdout.split('\n', 2).map(Number);
}
