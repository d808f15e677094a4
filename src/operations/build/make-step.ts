import { posix } from 'node:path';
import type { Step as GraphStep, InputSource } from '../../builder/graph/index.js';
import type { Step } from '../../builder/scheduler/index.js';
import {
  type CommandNetwork,
  type Confidants,
  ConstantStep,
  CopyStep,
  DirectoryStep,
  EMPTY_ROOT,
  LinkStep,
  type MountOrigin,
  type RootState,
  type RunMount,
  RunStep,
  type Toolbox,
} from '../../builder/steps/index.js';
import type { ContextSource } from '../../context/index.js';
import { type ContainerConfig, formatPlatform, type Platform } from '../../image/index.js';
import type { StepLabel } from '../../progress.js';
import type { Confinement, Isolation, ResourceLimit, ResourceLimits, Sysctl } from '../../sandbox/index.js';
import type { IdMaps } from '../../sys/index.js';
import type { Entitlements } from '../surroundings/entitlements.js';
import { type CommandMount, resolveImageMounts } from '../surroundings/image-mounts.js';
import { type DeviceFinder, instructionDevices } from '../surroundings/instruction-devices.js';
import { runMountOf } from '../surroundings/instruction-mount.js';

export interface StepSurroundings {
  readonly toolbox: Toolbox;
  readonly context: ContextSource;
  /** Of RUN instructions that do not say themselves. */
  readonly network: CommandNetwork;
  readonly isolation: Isolation;
  /** Of the user namespace of commands, where they have one of their own. */
  readonly idMaps: IdMaps | undefined;
  readonly resources: ResourceLimits | undefined;
  readonly findDevice: DeviceFinder;
  readonly volumes: readonly CommandMount[];
  readonly confidants: Confidants;
  readonly limits: readonly ResourceLimit[];
  readonly shmSizeBytes: number | undefined;
  readonly sysctls: readonly Sysctl[];
  readonly confinement: Confinement;
  readonly entitlements: Entitlements;
  /** What RUN does below a volume is undone: `--compat-volumes`. */
  readonly revertsVolumes: boolean;
  /** Proxy variables of the user's own environment. */
  readonly ambient: Readonly<Record<string, string>>;
}

/** Where a step reads from beside the build context. */
export type OtherSource = Exclude<InputSource, { kind: 'build-context' }>;

export type StepInput = { readonly root: Step<RootState> } | { readonly context: ContextSource };

interface Neighbours {
  /** What another stage or an image ends with, or the files of a named context. */
  inputOf(source: OtherSource): Promise<StepInput>;
  readonly label: StepLabel;
  /** What the stage is for. */
  readonly platform: Platform;
}

/** Gives an instruction of the graph the step that carries it out; undefined when there is nothing to carry out. */
export type StepMaker = (step: GraphStep, parent: Step<RootState>, neighbours: Neighbours) => Promise<Step<RootState> | undefined>;

export function stepMaker(surroundings: StepSurroundings): StepMaker {
  const { context } = surroundings;
  return async (step, parent, neighbours) => {
    // A stage for the machine that builds is the same for every platform that is built.
    const platform = formatPlatform(neighbours.platform);
    const toolbox: Toolbox = platform === surroundings.toolbox.platform ? surroundings.toolbox : { ...surroundings.toolbox, platform };
    switch (step.kind) {
      case 'config':
        return undefined;
      case 'workdir':
        return step.path === '/' ? undefined : new DirectoryStep(step.display, parent, [step.path], step.user, toolbox);
      case 'volume':
        return new DirectoryStep(step.display, parent, step.paths, '', toolbox);
      case 'copy':
      case 'add': {
        const input = step.kind === 'add' || step.from.kind === 'build-context' ? { context } : await neighbours.inputOf(step.from);
        if (!isLinked(step, toolbox)) return new CopyStep(step.display, parent, step, input, toolbox);
        const copy = new CopyStep(step.display, new ConstantStep('scratch', EMPTY_ROOT), step, input, toolbox);
        copy.isLinked = true;
        return new LinkStep(parent, copy);
      }
      case 'run': {
        if (step.security === 'insecure') surroundings.entitlements.demand('security.insecure', 'RUN --security=insecure');
        const sources: Step<RootState>[] = [];
        const originOf = async (source: InputSource): Promise<MountOrigin> => {
          const input = source.kind === 'build-context' ? { context } : await neighbours.inputOf(source);
          return 'context' in input ? input : { input: sources.push(input.root) - 1 };
        };
        const addImage = async (reference: string): Promise<number> => {
          const input = await originOf({ kind: 'image', reference });
          if (!('input' in input)) throw new TypeError('An image is no context');
          return input.input;
        };
        const mounts: RunMount[] = [...(await resolveImageMounts(surroundings.volumes, addImage))];
        for (const { mount, source } of step.mounts) {
          mounts.push(runMountOf(mount, source && (await originOf(source))));
        }
        mounts.push(...(await instructionDevices(step.devices, surroundings.entitlements, surroundings.findDevice, toolbox.reporter)));
        const { network, isolation, idMaps, resources, ambient, confidants, limits, shmSizeBytes, sysctls, confinement } = surroundings;
        const request = step.network === 'default' ? network.request : { kind: step.network };
        return new RunStep(
          step.display,
          parent,
          sources,
          step,
          {
            network: { ...network, request },
            mounts,
            reverted: surroundings.revertsVolumes ? revertedPaths(step.before) : undefined,
            isolation,
            idMaps,
            resources,
            ambient,
            confidants,
            limits,
            shmSizeBytes,
            sysctls,
            confinement,
          },
          neighbours.label,
          toolbox,
        );
      }
    }
  };
}

/** Not where the stage makes one layer of everything, nor where a name has to be looked up in the parent's /etc/passwd. */
function isLinked({ link, chown }: { readonly link: boolean; readonly chown: string | undefined }, { layerPerStep }: Toolbox): boolean {
  return link && layerPerStep && (chown === undefined || /^[0-9]+(:[0-9]+)?$/.test(chown));
}

/** The volumes of an image as paths. Nothing would be left of a command if the root were one. */
function revertedPaths({ Volumes }: ContainerConfig): string[] {
  return Object.keys(Volumes ?? {})
    .map((path) => posix.resolve('/', path))
    .filter((path) => path !== '/');
}
