import type { StepLabel } from '../../progress.js';
import type { Confinement, ConfinementPlan, Isolation, ResourceLimit, ResourceLimits, SandboxFile, Sysctl } from '../../sandbox/index.js';
import { type WorkingLayer, withRootfs } from '../../snapshots/index.js';
import { closeFd, type IdMaps, type IdRange } from '../../sys/index.js';
import { type RunStep as GraphRunStep, runEnvironment } from '../graph/index.js';
import type { Step, StepKey } from '../scheduler/index.js';
import { type CommandNetwork, networkInputs, prepareNetwork, sysctlsOf, withCommandNetwork } from './command-network.js';
import { type ImageUser, lookUpUser } from './image-user.js';
import { type OpenedMounts, openRunMounts } from './open-run-mounts.js';
import { type OwnIds, withOwnIds } from './own-ids.js';
import { openRevertedVolumes } from './reverted-volumes.js';
import type { RootState } from './root-state.js';
import { runCommand } from './run-command.js';
import { type Confidants, type RunMount, runMountInputs } from './run-mounts.js';
import { commonInputs, type StepInputs } from './step-definition.js';
import { type ExplainableKey, explainableKey } from './step-key.js';
import type { Toolbox } from './toolbox.js';
import { writeStep } from './write-step.js';

/** What a RUN gets from the build, beside what its instruction says. */
export interface RunSurroundings {
  readonly network: CommandNetwork;
  readonly mounts: readonly RunMount[];
  /** Absolute paths below which nothing that the command does stays. */
  readonly reverted?: readonly string[] | undefined;
  readonly confidants: Confidants;
  readonly shmSizeBytes?: number | undefined;
  /** Those of networks are for commands whose network is their own. */
  readonly sysctls?: readonly Sysctl[] | undefined;
  readonly limits?: readonly ResourceLimit[] | undefined;
  /** What commands may do, where that is not the default; `--security=insecure` of the instruction wins. */
  readonly confinement?: Confinement | undefined;
  /** What its ids are to the builder; undefined: the same. Those of a layer are the command's own, so only which there are is in the key. */
  readonly idMaps?: IdMaps | undefined;
  /** How it is kept apart; undefined: by the launcher. */
  readonly isolation?: Isolation | undefined;
  /** What its processes may use together. They change how long it takes and whether it succeeds, so they are in no key. */
  readonly resources?: ResourceLimits | undefined;
  /** Variables of the builder's own surroundings (proxies): in the environment, in no key. */
  readonly ambient: Readonly<Record<string, string>>;
}

// The hostname must not differ between builds: a command that writes it down would never give the same layer twice.
const BUILD_HOSTNAME = 'buildkitsandbox'; // BuildKit's default

/** What a command runs with, once it is open. */
interface Prepared {
  readonly user: ImageUser;
  readonly mounts: OpenedMounts;
  readonly ids: OwnIds | undefined;
  readonly confinement: RunConfinement;
}

type RunConfinement = ConfinementPlan & { readonly unmasked?: boolean };

/** Runs a command on its parent's file system; what it changed is its layer. */
export class RunStep implements Step<RootState> {
  readonly inputs: readonly Step<RootState>[];
  #keyInputs: StepInputs = {};

  /** @param mountSources what `surroundings.mounts` read from; a mount's `input` counts in them */
  constructor(
    readonly label: string,
    readonly parent: Step<RootState>,
    readonly mountSources: readonly Step<RootState>[],
    readonly spec: GraphRunStep,
    readonly surroundings: RunSurroundings,
    readonly progress: StepLabel,
    readonly toolbox: Toolbox,
  ) {
    this.inputs = [parent, ...mountSources];
  }

  async key(inputs: readonly RootState[], { signal }: { readonly signal: AbortSignal }): Promise<ExplainableKey> {
    const [parent, ...sources] = inputs as [RootState, ...RootState[]];
    const { spec, surroundings } = this;
    const mounts = await runMountInputs(surroundings.mounts, sources, this.toolbox, signal);
    this.#keyInputs = {
      'run.command': JSON.stringify(spec.argv),
      'run.user': spec.user,
      'run.cwd': spec.workingDirectory,
      ...networkInputs(surroundings.network),
      ...commonInputs(this.toolbox),
      ...(spec.script === undefined ? {} : { 'run.script': spec.script.content }),
      ...named('env', spec.env.map(splitVariable)),
      ...named('arg', spec.args),
      ...(surroundings.shmSizeBytes === undefined ? {} : { 'run.shm': String(surroundings.shmSizeBytes) }),
      ...((surroundings.sysctls ?? []).length === 0 ? {} : { 'run.sysctls': JSON.stringify(surroundings.sysctls) }),
      ...((surroundings.limits ?? []).length === 0 ? {} : { 'run.limits': JSON.stringify(surroundings.limits) }),
      ...((surroundings.reverted ?? []).length === 0 ? {} : { 'run.reverted': JSON.stringify(surroundings.reverted) }),
      ...confinementInput(surroundings.confinement),
      ...(surroundings.idMaps === undefined ? {} : { 'run.ids': presentIds(surroundings.idMaps) }),
      ...(spec.security === 'insecure' ? { 'run.security': spec.security } : {}),
      ...mounts.inputs,
    };
    return explainableKey('run', this.#keyInputs, parent, mounts.selections);
  }

  async run(inputs: readonly RootState[], key: StepKey, options: { readonly signal: AbortSignal }): Promise<RootState> {
    const [parent, ...sources] = inputs as [RootState, ...RootState[]];
    const createdAt = this.toolbox.now();
    await prepareNetwork(this.surroundings.network);
    const root = await writeStep(parent, this.toolbox, { ...options, inPlace: true }, async ({ lowers, working }) => {
      const user = await this.#user(lowers, working);
      await withOwnIds(this.surroundings.idMaps, working.dir, async (ids) => {
        const confinement = await this.#confinement();
        const mountLabel = confinement.selinux?.mount;
        const surroundings = { ...this.toolbox, confidants: this.surroundings.confidants, ids, mountLabel };
        const reverted = await openRevertedVolumes(this.surroundings.reverted ?? [], { lowers, working }, this.toolbox, ids?.shift);
        try {
          const mounts = await openRunMounts(this.surroundings.mounts, sources, user, surroundings, options);
          try {
            const shown = { ...mounts, mounts: [...reverted.mounts, ...mounts.mounts] };
            await this.#execute(lowers, working, { user, mounts: shown, ids, confinement }, options);
          } finally {
            await mounts.close();
          }
        } finally {
          reverted.close();
        }
      });
    });
    if (root.addedLayer) this.#record(key, root, createdAt);
    return { ...root, createdAt };
  }

  async #user(lowers: readonly string[], working: { readonly upper: string }): Promise<ImageUser> {
    const merged = await this.toolbox.snapshots.openMerged([working.upper, ...lowers]);
    try {
      return lookUpUser(merged, this.spec.user);
    } finally {
      closeFd(merged);
    }
  }

  async #confinement(): Promise<RunConfinement> {
    // Loaded by the first command that runs: a build from the cache needs none of it.
    const { ALL_CAPABILITIES, planConfinement, ownSelinuxHost } = await import('../../sandbox/index.js');
    return this.spec.security === 'insecure'
      ? { seccomp: 'unconfined', capabilities: ALL_CAPABILITIES, unmasked: true }
      : planConfinement(this.surroundings.confinement ?? {}, ownSelinuxHost());
  }

  async #execute(
    lowers: readonly string[],
    working: WorkingLayer,
    { user, mounts: opened, ids, confinement }: Prepared,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> {
    const { spec, surroundings, toolbox } = this;
    const mayChangeIt = confinement.capabilities?.includes('CAP_NET_ADMIN') === true;
    const commandNetwork = { hostname: BUILD_HOSTNAME, mayChangeIt };
    await withCommandNetwork(surroundings.network, commandNetwork, (network) =>
      withRootfs(toolbox.snapshots, { lowers, working }, ids?.shift, (rootfs) =>
        runCommand(
          {
            rootfs,
            argv: spec.argv,
            env: environment(spec, surroundings, user.home, opened.env),
            cwd: spec.workingDirectory,
            user: { uid: user.uid, gid: user.gid, groups: user.groups },
            network: network.network,
            hostname: BUILD_HOSTNAME,
            mounts: opened.mounts,
            files: [...network.files, ...scriptFile(spec), ...opened.files],
            shmSizeBytes: surroundings.shmSizeBytes,
            sysctls: sysctlsOf(surroundings.sysctls ?? [], network, { isolation: surroundings.isolation, hasOwnIds: ids !== undefined }),
            limits: surroundings.limits,
            resources: surroundings.resources,
            isolation: surroundings.isolation,
            ...confinement,
            userNamespace: ids?.namespace,
            singleId: toolbox.singleId,
            stdio: 'pipe',
          },
          { step: this.progress, user: spec.user, toolbox, signal },
        ),
      ),
    );
  }

  #record(key: StepKey, root: RootState, createdAt: string): void {
    const layer = root.layers.at(-1)!;
    const record = async (): Promise<void> => {
      await layer.stored;
      await this.toolbox.cache.record(key, this.#keyInputs, { layer: await layer.identity }, createdAt);
    };
    this.toolbox.background.add(record());
  }
}

function named(prefix: string, values: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(values.map(([name, value]) => [`${prefix}.${name}`, value]));
}

/** All of it counts, since a command can find out; a profile by its text, not by the name of its file. */
function confinementInput(confinement: Confinement = {}): Record<string, string> {
  const said = Object.entries(confinement).filter(([, value]) => value !== undefined);
  return said.length === 0 ? {} : { 'run.confinement': JSON.stringify(Object.fromEntries(said.sort(([a], [b]) => (a < b ? -1 : 1)))) };
}

/** The ids there are, wherever they are outside. */
function presentIds(maps: IdMaps): string {
  return [maps.uids, maps.gids].map((ranges) => spansOf(ranges).join(',')).join(' ');
}

/** Ranges are cut where those of the builder are, which says nothing of the command. */
function spansOf(ranges: readonly IdRange[]): string[] {
  const spans: { first: number; end: number }[] = [];
  for (const { inside, count } of [...ranges].sort((a, b) => a.inside - b.inside)) {
    const last = spans.at(-1);
    if (last?.end === inside) last.end += count;
    else spans.push({ first: inside, end: inside + count });
  }
  return spans.map(({ first, end }) => `${first}-${end - 1}`);
}

function splitVariable(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** As the command sees it: what mounts set wins over the image's own variables, those over ARGs, all of them over the builder's. */
function environment(spec: GraphRunStep, surroundings: RunSurroundings, home: string, mounted: Readonly<Record<string, string>>): string[] {
  const own = Object.fromEntries(runEnvironment(spec).map(splitVariable));
  return Object.entries({ HOME: home, ...surroundings.ambient, ...own, ...mounted }).map(([name, value]) => `${name}=${value}`);
}

function scriptFile({ script }: GraphRunStep): SandboxFile[] {
  return script === undefined ? [] : [{ target: script.path, content: script.content, mode: script.modeBits, readOnly: true }];
}
