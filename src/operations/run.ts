import { constants } from 'node:os';
import { DEFAULT_PATH } from '../builder/graph/index.js';
import { BackgroundWork, lookUpUser, type OpenedMounts, openRunMounts, type RootState } from '../builder/steps/index.js';
import { UsageError } from '../errors.js';
import { formatPlatform } from '../image/index.js';
import { hostFiles, planConfinement, runInSandbox, type SandboxResult, selinuxHost } from '../sandbox/index.js';
import type { ContainerRecord } from '../store/index.js';
import { closeFd } from '../sys/index.js';
import { BaseImages } from './build/base-images.js';
import { type Services, type Workspace, withWorkspace } from './context.js';
import { withRemoteLayers } from './pull.js';
import { RegistryAccess } from './registry-access.js';
import { fetchingSnapshots } from './remote/fetching-snapshots.js';
import { type CommandOptions, readCommandOptions } from './surroundings/command-surroundings.js';
import { confinementOf, readConfinement } from './surroundings/confinement.js';
import { resolveImageMounts } from './surroundings/image-mounts.js';
import { parseNetwork } from './surroundings/run-flags.js';

export interface RunOptions {
  readonly container: string;
  /** Empty: what the image runs by itself, its entrypoint and command. */
  readonly command: readonly string[];
  /** Beside the container's own. */
  readonly env: Readonly<Record<string, string>>;
  readonly user?: string | undefined;
  readonly workingDir?: string | undefined;
  readonly network?: string | undefined;
  readonly commands: CommandOptions;
}

export interface RunResult {
  /** Of the command; 128 and the signal's number when one ended it. */
  readonly exitCode: number;
}

/** Runs a command in a working container, on the caller's own terminal. What it changes stays in the container. */
export async function runInContainer(options: RunOptions, services: Services): Promise<RunResult> {
  const network = parseNetwork(options.network);
  const surroundings = await readCommandOptions(options.commands, services.settings);
  return withWorkspace(services, async (workspace) => {
    const { store, snapshots } = workspace;
    const container = store.containers.get(options.container);
    const argv = commandOf(options, container);
    const confinement = await readConfinement(options.commands.confinement, confinementOf(container));
    await snapshots.ensure(
      container.diffIds.map((diffId) => ({ diffId })),
      { signal: services.signal },
    );
    const lowers = snapshots.lowers(container.diffIds);
    const own = store.containers.working(container.id);
    const working = await snapshots.reopen(own);
    const background = new BackgroundWork(() => {});
    let mounts: OpenedMounts | undefined;
    try {
      const user = await findUser(lowers, working.upper, options.user ?? container.config.config?.User ?? '', workspace);
      const singleId = services.settings.idMode === 'single';
      const parts = { store, snapshots, reporter: services.reporter, background, singleId, confidants: surroundings.confidants };
      const platform = formatPlatform(workspace.platform);
      const sources = new MountImages(workspace, services);
      const wanted = await resolveImageMounts(surroundings.volumes, (image) => sources.add(image));
      mounts = await openRunMounts(wanted, sources.roots, user, { ...parts, platform }, { signal: services.signal });
      const result = await runInSandbox(
        {
          rootfs: snapshots.rootfs(lowers, working),
          argv,
          env: [...environment(options, container, user.home), ...Object.entries(mounts.env).map(([name, value]) => `${name}=${value}`)],
          cwd: options.workingDir ?? (container.config.config?.WorkingDir || '/'),
          user: { uid: user.uid, gid: user.gid, groups: user.groups },
          network,
          hostname: container.id.slice(0, 12),
          mounts: mounts.mounts,
          files: [...hostFiles({ hostname: container.id.slice(0, 12), network }), ...mounts.files],
          shmSizeBytes: surroundings.shmSizeBytes,
          limits: surroundings.limits,
          ...planConfinement(confinement, selinuxHost()),
          singleId,
          stdio: 'inherit',
        },
        { signal: services.signal },
      );
      return { exitCode: exitCodeOf(result) };
    } finally {
      await mounts?.close();
      await background.settled();
      await surroundings.close();
      if (working.work !== own.work) store.scratch.trash(working.work);
    }
  });
}

/** The images that mounts show, each pulled if it is missing. */
class MountImages {
  readonly roots: RootState[] = [];

  constructor(
    readonly workspace: Workspace,
    readonly services: Services,
  ) {}

  /** @returns its place in {@link roots} */
  async add(image: string): Promise<number> {
    const { workspace, services } = this;
    const { store, snapshots, platform } = workspace;
    return withRemoteLayers(store, services, async (remote) => {
      const images = new BaseImages({ store, access: new RegistryAccess(services, {}), services, remote }, 'missing');
      const { layers } = await images.get(image, platform);
      const diffIds = (await Promise.all(layers.map(({ identity }) => identity))).map(({ diffId }) => diffId);
      const sources = diffIds.map((diffId) => ({ diffId }));
      await fetchingSnapshots(snapshots, remote).ensure(sources, { signal: services.signal });
      await images.publish();
      return this.roots.push({ layers, addedLayer: false }) - 1;
    });
  }
}

function commandOf(options: RunOptions, container: ContainerRecord): readonly string[] {
  if (options.command.length > 0) return options.command;
  const { Entrypoint, Cmd } = container.config.config ?? {};
  const argv = [...(Entrypoint ?? []), ...(Cmd ?? [])];
  if (argv.length === 0)
    throw new UsageError('command must be specified', { hint: 'The image has neither an entrypoint nor a command of its own' });
  return argv;
}

async function findUser(
  lowers: readonly string[],
  upper: string,
  user: string,
  { snapshots }: Workspace,
): Promise<ReturnType<typeof lookUpUser>> {
  const merged = await snapshots.openMerged([upper, ...lowers]);
  try {
    return lookUpUser(merged, user);
  } finally {
    closeFd(merged);
  }
}

function environment(options: RunOptions, container: ContainerRecord, home: string): string[] {
  const own = (container.config.config?.Env ?? []).map((text): [string, string] => {
    const equals = text.indexOf('=');
    return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
  });
  const all = { HOME: home, PATH: DEFAULT_PATH, ...Object.fromEntries(own), ...options.env };
  return Object.entries(all).map(([name, value]) => `${name}=${value}`);
}

function exitCodeOf(result: SandboxResult): number {
  return result.kind === 'exited' ? result.code : 128 + (constants.signals[result.signal as NodeJS.Signals] ?? 0);
}
