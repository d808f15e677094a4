import { constants } from 'node:os';
import { DEFAULT_PATH, environmentOf } from '../builder/graph/index.js';
import {
  BackgroundWork,
  type CommandNetwork,
  type ImageUser,
  isDirectory,
  lookUpUser,
  makeDirectories,
  type OpenedMounts,
  openRunMounts,
  prepareNetwork,
  type RootState,
  sysctlsOf,
  UnknownUserError,
  withCommandNetwork,
  withOwnIds,
} from '../builder/steps/index.js';
import { UsageError } from '../errors.js';
import { formatPlatform, type HistoryEntry } from '../image/index.js';
import { ownSelinuxHost, planConfinement, runInSandbox, type SandboxPlan, type SandboxResult } from '../sandbox/index.js';
import type { CommandDefaults, ContainerRecord } from '../store/index.js';
import { closeFd } from '../sys/index.js';
import { type ContainerFiles, knownLayers, openContainerFiles } from './containers/container-files.js';
import { withContainerRoot } from './containers/container-root.js';
import { readyImage } from './containers/ready-image.js';
import { withContainerFiles } from './containers/with-container.js';
import type { Services, Workspace } from './context.js';
import { RegistryAccess } from './registry-access.js';
import { type CommandOptions, type CommandSurroundings, readCommandOptions } from './surroundings/command-surroundings.js';
import { type ConfiguredSurroundings, readConfigured } from './surroundings/configured.js';
import { confinementOf, readConfinement } from './surroundings/confinement.js';
import { readDns } from './surroundings/dns-flags.js';
import { resolveImageMounts } from './surroundings/image-mounts.js';
import { type IsolationOptions, readIsolation } from './surroundings/isolation-flag.js';
import { LateNetworks, requestedNetwork } from './surroundings/late-networks.js';
import { parseAddHost } from './surroundings/run-flags.js';

export interface RunOptions {
  readonly container: string;
  /** Empty: what the image runs by itself, its entrypoint and command. */
  readonly command: readonly string[];
  /** Beside the container's own. */
  readonly env: Readonly<Record<string, string>>;
  readonly user?: string | undefined;
  readonly workingDir?: string | undefined;
  readonly network?: string | undefined;
  readonly isolation: IsolationOptions;
  /** A terminal of its own for the command; undefined: if this command has one. */
  readonly terminal?: boolean | undefined;
  readonly hostname?: string | undefined;
  /** False: /etc/hosts, /etc/hostname are the container's own. */
  readonly writeHosts: boolean;
  readonly writeHostname: boolean;
  readonly commands: CommandOptions;
  /** Directory that sources of bind mounts are relative to. */
  readonly contextDir?: string | undefined;
  readonly addHistory: boolean;
}

export interface RunResult {
  /** Of the command; 128 and the signal's number when one ended it. */
  readonly exitCode: number;
  /** The kernel killed one of its processes because they used up the memory that the command may have. */
  readonly outOfMemory: boolean;
}

/**
 * Runs a command in a working container, on the caller's own terminal. What it changes stays in the container, also when it fails or is
 * killed.
 */
export async function runInContainer(options: RunOptions, services: Services): Promise<RunResult> {
  return withContainerFiles(options.container, services, async (record, workspace) => {
    const argv = commandOf(options, record);
    const defaults = record.defaults ?? {};
    const surroundings = await readCommandOptions(withDefaults(options.commands, defaults), services, options.contextDir);
    try {
      const result = await execute({ ...options, command: argv }, record, surroundings, workspace, services);
      if (options.addHistory) {
        const entry: HistoryEntry = {
          created: new Date().toISOString(),
          created_by: `/bin/sh -c ${argv.join(' ')}`,
          empty_layer: true,
        };
        await workspace.store.containers.update({ ...record, addedHistory: [...(record.addedHistory ?? []), entry] });
      }
      if (result.shortfall !== undefined) services.reporter.report({ kind: 'warning', text: result.shortfall });
      return { exitCode: exitCodeOf(result), outOfMemory: result.outOfMemory === true };
    } finally {
      await surroundings.close();
    }
  });
}

function commandOf({ command }: RunOptions, { config }: ContainerRecord): readonly string[] {
  if (command.length > 0) return command;
  const { Entrypoint, Cmd } = config.config ?? {};
  const argv = [...(Entrypoint ?? []), ...(Cmd ?? [])];
  if (argv.length === 0)
    throw new UsageError('command must be specified', { hint: 'The image has neither an entrypoint nor a command of its own' });
  return argv;
}

async function execute(
  options: RunOptions,
  record: ContainerRecord,
  surroundings: CommandSurroundings,
  workspace: Workspace,
  services: Services,
): Promise<SandboxResult> {
  const { store, snapshots } = workspace;
  const { signal } = services;
  const defaults = record.defaults ?? {};
  const named = options.network ?? defaults.network;
  const extraHosts = (defaults.addHosts ?? []).flatMap(parseAddHost);
  const asked = options.isolation.isolation ?? defaults.isolation;
  const isolation = readIsolation({ ...options.isolation, isolation: asked }, services.settings, named);
  const proxies = defaults.httpProxy === false ? {} : services.settings.proxyEnvironment;
  const networks = new LateNetworks({ extraHosts, proxies }, services);
  const configured = await readConfigured(services);
  const network: CommandNetwork = {
    ...configured.hosts,
    request: requestedNetwork(named ?? services.settings.network, isolation),
    open: networks.open,
    dns: readDns(defaults.dns ?? {}, named),
    extraHosts: [...extraHosts, ...configured.hosts.extraHosts],
    writeHosts: options.writeHosts,
    writeHostname: options.writeHostname,
  };
  const confinement = await readConfinement(options.commands.confinement, confinementOf(record));
  const singleId = services.settings.idMode === 'single';
  const background = new BackgroundWork(() => {});
  const parts = { store, snapshots, reporter: services.reporter, background, singleId, confidants: surroundings.confidants };
  let mounts: OpenedMounts | undefined;
  return withOwnIds(record.idMaps, store.containers.working(record.id).dir, async (ids) => {
    try {
      // Its helper takes longer to start than all that follows: it goes on meanwhile.
      await prepareNetwork(network);
      const files = await openContainerFiles(record, workspace, services);
      const cwd = options.workingDir ?? (record.config.config?.WorkingDir || '/');
      const user = await enterRoot(files, cwd, options.user ?? record.config.config?.User ?? '');
      const images = new MountImages(workspace, services);
      const volumes = [...configured.mounts, ...surroundings.volumes];
      const wanted = await resolveImageMounts(volumes, (image) => images.add(image));
      const confined = planConfinement(confinement, ownSelinuxHost());
      const around = { ...parts, ids, platform: formatPlatform(record.config), mountLabel: confined.selinux?.mount };
      mounts = await openRunMounts(wanted, images.roots, user, around, { signal });
      const hostname = options.hostname ?? hostnameOf(record, configured);
      const plan: Omit<SandboxPlan, 'network' | 'rootfs'> = {
        userNamespace: ids?.namespace,
        argv: options.command,
        env: environment(options, record, { hostname, home: user.home, mounted: mounts.env, configured }, services),
        cwd,
        user: { uid: user.uid, gid: user.gid, groups: user.groups },
        hostname,
        mounts: mounts.mounts,
        files: mounts.files,
        resources: surroundings.resources,
        isolation,
        shmSizeBytes: surroundings.shmSizeBytes,
        limits: surroundings.limits,
        ...confined,
        singleId,
        stdio: options.terminal === true ? 'terminal' : 'inherit',
      };
      const mayChangeIt = plan.capabilities?.includes('CAP_NET_ADMIN') === true;
      return await withContainerRoot(record, files, ids, (rootfs) =>
        withCommandNetwork(network, { hostname, mayChangeIt }, (given) => {
          const sysctls = sysctlsOf(configured.sysctls, given, { isolation, hasOwnIds: ids !== undefined });
          return runInSandbox({ ...plan, rootfs, network: given.network, sysctls, files: [...given.files, ...plan.files] }, { signal });
        }),
      );
    } finally {
      await mounts?.close();
      await networks.close();
      await background.settled();
    }
  });
}

/** Of a name, what a host's may hold; an ID has nothing else. */
function hostnameOf({ id, name }: ContainerRecord, { nameAsHostname }: ConfiguredSurroundings): string {
  const named = nameAsHostname ? name.replaceAll(/[^0-9A-Za-z.-]/g, '').slice(0, 64) : '';
  return named === '' ? id.slice(0, 12) : named;
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
    const request = { image, policy: 'missing', platform: workspace.platform } as const;
    const { config } = await readyImage(request, new RegistryAccess(services, {}), workspace, services);
    return this.roots.push({ layers: knownLayers(config.rootfs.diff_ids), addedLayer: false }) - 1;
  }
}

/** Looks the user up and makes the working directory if it is missing, as Buildah does. */
async function enterRoot({ lowers, working, snapshots }: ContainerFiles, cwd: string, user: string): Promise<ImageUser> {
  const merged = await snapshots.openMerged([working.upper, ...lowers]);
  let hasCwd: boolean;
  let found: ImageUser;
  try {
    hasCwd = isDirectory(merged, cwd);
    found = lookUpUser(merged, user);
  } catch (error) {
    if (error instanceof UnknownUserError)
      throw new UsageError(`determining run uid: unknown ${error.what} ${JSON.stringify(error.wanted)}: ${error.message}`, {
        hint: error.hint,
        cause: error,
      });
    throw error;
  } finally {
    closeFd(merged);
  }
  if (hasCwd) return found;
  const writable = await snapshots.openMerged(lowers, await snapshots.reopen(working));
  try {
    makeDirectories(writable, [cwd], { uid: 0, gid: 0 });
  } finally {
    closeFd(writable);
  }
  return found;
}

function withDefaults(commands: CommandOptions, defaults: CommandDefaults): CommandOptions {
  return {
    ...commands,
    volumes: [...(defaults.volumes ?? []), ...commands.volumes],
    devices: [...(defaults.devices ?? []), ...commands.devices],
    limits: [...(defaults.limits ?? []), ...commands.limits],
    shmSize: commands.shmSize ?? defaults.shmSize,
    resources: { ...defaults.resources, ...commands.resources },
    cdiDirectories: [...(defaults.cdiDirectories ?? []), ...commands.cdiDirectories],
  };
}

interface Surroundings {
  readonly hostname: string;
  readonly home: string;
  readonly mounted: Readonly<Record<string, string>>;
  readonly configured: ConfiguredSurroundings;
}

/** What mounts set wins over the flags, those over the image's own variables, all of them over the builder's. */
function environment(
  options: RunOptions,
  record: ContainerRecord,
  { hostname, home, mounted, configured }: Surroundings,
  { settings }: Services,
): string[] {
  const hasProxy = record.defaults?.httpProxy ?? configured.httpProxy;
  const ambient = { ...configured.env, ...(hasProxy ? settings.proxyEnvironment : {}) };
  const own = Object.fromEntries(environmentOf(record.config.config ?? {}));
  const all = { HOME: home, HOSTNAME: hostname, PATH: DEFAULT_PATH, ...ambient, ...own, ...options.env, ...mounted };
  return Object.entries(all).map(([name, value]) => `${name}=${value}`);
}

function exitCodeOf(result: SandboxResult): number {
  return result.kind === 'exited' ? result.code : 128 + (constants.signals[result.signal as NodeJS.Signals] ?? 0);
}
