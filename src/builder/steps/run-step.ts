import type { StepLabel } from '../../progress.js';
import { hostFiles, runInSandbox, type SandboxFile, type SandboxMount, type SandboxResult } from '../../sandbox/index.js';
import { closeFd } from '../../sys/index.js';
import type { Step, StepKey } from '../scheduler/index.js';
import { RunFailedError } from './errors.js';
import { lookUpUser } from './image-user.js';
import { contentOf, type RootState } from './root-state.js';
import { openRunMounts, type RunMount, runMountInputs } from './run-mounts.js';
import { definitionOf, type StepInputs } from './step-definition.js';
import type { Toolbox } from './toolbox.js';
import { writeStep } from './write-step.js';

/** One RUN, everything expanded. */
export interface RunSpec {
  readonly argv: readonly string[];
  /** Variables of the image's configuration, in order. */
  readonly env: Readonly<Record<string, string>>;
  /** ARGs in scope: in the environment and in the key, not in the image. */
  readonly args: Readonly<Record<string, string>>;
  /** Variables of the builder's surroundings (proxies): in the environment only. */
  readonly ambient: Readonly<Record<string, string>>;
  /** `user[:group]`, empty for root. */
  readonly user: string;
  readonly cwd: string;
  readonly network: 'host' | 'none';
  readonly mounts: readonly RunMount[];
  /** A heredoc with `#!`: mounted at `path`, executable. */
  readonly script?: { readonly path: string; readonly content: string };
  readonly extraHosts: readonly { readonly name: string; readonly address: string }[];
}

// The hostname must not differ between builds: a command that writes it down would never give the same layer twice.
const BUILD_HOSTNAME = 'buildkitsandbox'; // BuildKit's default

/** Runs a command on its parent's file system; what it changed is its layer. */
export class RunStep implements Step<RootState> {
  readonly inputs: readonly Step<RootState>[];
  #keyInputs: StepInputs = {};

  /** @param mountSources the stages that `spec.mounts` read from; a mount's `input` counts in them */
  constructor(
    readonly label: string,
    readonly parent: Step<RootState>,
    readonly mountSources: readonly Step<RootState>[],
    readonly spec: RunSpec,
    readonly progress: StepLabel,
    readonly toolbox: Toolbox,
  ) {
    this.inputs = [parent, ...mountSources];
  }

  async key(inputs: readonly RootState[]): Promise<StepKey> {
    const [parent, ...sources] = inputs as [RootState, ...RootState[]];
    const { spec } = this;
    this.#keyInputs = {
      'run.command': JSON.stringify(spec.argv),
      'run.user': spec.user,
      'run.cwd': spec.cwd,
      'run.network': spec.network,
      'run.hosts': JSON.stringify(spec.extraHosts),
      platform: this.toolbox.platform,
      ...(spec.script === undefined ? {} : { 'run.script': spec.script.content }),
      ...prefixed('env', spec.env),
      ...prefixed('arg', spec.args),
      ...(await runMountInputs(spec.mounts, sources, this.toolbox)),
    };
    return { definition: definitionOf('run', this.#keyInputs), parentContent: () => contentOf(parent) };
  }

  async run(inputs: readonly RootState[], key: StepKey, options: { readonly signal: AbortSignal }): Promise<RootState> {
    const [parent, ...sources] = inputs as [RootState, ...RootState[]];
    const createdAt = this.toolbox.now();
    const root = await writeStep(parent, this.toolbox, options, async ({ lowers, working }) => {
      const mounts = await openRunMounts(this.spec.mounts, sources, this.toolbox, options);
      try {
        await this.#execute(lowers, working, mounts.mounts, options);
      } finally {
        await mounts.close();
      }
    });
    if (root.addedLayer) this.#record(key, root, createdAt);
    return { ...root, createdAt };
  }

  async #execute(
    lowers: readonly string[],
    working: { readonly upper: string; readonly work: string },
    mounts: readonly SandboxMount[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> {
    const { spec, toolbox } = this;
    const merged = await toolbox.snapshots.openMerged([working.upper, ...lowers]);
    let user: ReturnType<typeof lookUpUser>;
    try {
      user = lookUpUser(merged, spec.user);
    } finally {
      closeFd(merged);
    }
    const result = await runInSandbox(
      {
        rootfs: { lowers, upper: working.upper, work: working.work, overlayXattrs: 'user' },
        argv: spec.argv,
        env: environment(spec, user.home),
        cwd: spec.cwd,
        user: { uid: user.uid, gid: user.gid, groups: user.groups },
        network: spec.network,
        hostname: BUILD_HOSTNAME,
        mounts,
        files: [...hostFiles({ hostname: BUILD_HOSTNAME, network: spec.network, extraHosts: spec.extraHosts }), ...scriptFile(spec)],
        seccomp: 'default',
        singleId: toolbox.singleId,
        stdio: 'pipe',
      },
      { signal, onOutput: (stream, bytes) => toolbox.reporter.report({ kind: 'step-output', step: this.progress, stream, bytes }) },
    );
    this.#check(result);
  }

  #check(result: SandboxResult): void {
    for (const warning of result.warnings) {
      const text =
        warning === 'user'
          ? `${this.progress.text}: there is one id only, so the command ran as root of its sandbox instead of user ${this.spec.user}`
          : `${this.progress.text}: /proc shows the processes outside, because this system forbids a new one`;
      this.toolbox.reporter.report({ kind: 'warning', text });
    }
    if (result.kind === 'signaled') throw new RunFailedError(this.progress.text, { signal: result.signal });
    if (result.code !== 0) throw new RunFailedError(this.progress.text, { exitCode: result.code });
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

function prefixed(prefix: string, values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}

/** As the command sees it; the image's own variables win over ARGs, both over the builder's. */
function environment(spec: RunSpec, home: string): string[] {
  const all = { HOME: home, ...spec.ambient, ...spec.args, ...spec.env };
  return Object.entries(all).map(([name, value]) => `${name}=${value}`);
}

function scriptFile({ script }: RunSpec): SandboxFile[] {
  return script === undefined ? [] : [{ target: script.path, content: script.content, mode: 0o755, readOnly: true }];
}
