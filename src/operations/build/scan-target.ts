import type { Scheduler, Step } from '../../builder/scheduler/index.js';
import { ConstantStep, CopyStep, type RootState, SealStep, type Toolbox, withLowers } from '../../builder/steps/index.js';
import type { ContextSource } from '../../context/index.js';
import { closeFd } from '../../sys/index.js';
import type { Services, Workspace } from '../context.js';
import type { RegistryAccess } from '../registry-access.js';
import type { ScanOptions } from '../sbom/scan-options.js';
import { scanRoot } from '../sbom/scan-root.js';
import { type ImageFile, imageFilesOf, writeLocalSbom } from '../sbom/write-sbom.js';
import type { BuiltGoal } from './build-goals.js';
import type { BuildOptions } from './build-options.js';
import type { BuildSurroundings } from './build-surroundings.js';
import type { BuildPlace } from './contexts/build-place.js';
import { localDirectories } from './contexts/named-contexts.js';
import type { BuiltStage } from './stage-image.js';

/** What is asked for. */
export type ScanningOptions = Pick<BuildOptions, 'buildContexts' | 'pull'> & { readonly scan: ScanOptions };

/** What is at hand. */
export interface Scanning {
  readonly place: BuildPlace;
  readonly context: ContextSource;
  readonly surroundings: Pick<BuildSurroundings, 'network' | 'isolation'>;
  readonly access: RegistryAccess;
  readonly scheduler: Scheduler<RootState>;
  readonly toolbox: Toolbox;
}

/** Has what each target became looked at by a scanner, writes what it found, and gives the goals with what their images are to have of that. */
export async function scanGoals(
  built: readonly BuiltGoal[],
  options: ScanningOptions,
  scanning: Scanning,
  workspace: Workspace,
  services: Services,
): Promise<readonly BuiltGoal[]> {
  const scanned: BuiltGoal[] = [];
  for (const goal of built) {
    const targets: BuiltStage[] = [];
    for (const target of goal.targets) targets.push(await scanTarget(target, options, scanning, workspace, services));
    scanned.push({ ...goal, targets });
  }
  return scanned;
}

async function scanTarget(
  built: BuiltStage,
  { scan: options, buildContexts, pull }: ScanningOptions,
  scanning: Scanning,
  workspace: Workspace,
  services: Services,
): Promise<BuiltStage> {
  const { place, surroundings, access, toolbox } = scanning;
  const { network, isolation } = surroundings;
  const contexts = [place.directory, ...localDirectories(buildContexts ?? [])];
  const merged = await withLowers(built.root, toolbox.snapshots, { signal: services.signal }, async (lowers) => {
    const root = await toolbox.snapshots.openMerged(lowers);
    try {
      return await scanRoot(options, { root, contexts, pull, access, network, isolation }, workspace, services);
    } finally {
      closeFd(root);
    }
  });
  writeLocalSbom(options.outputs, merged);
  const files = imageFilesOf(options.outputs, merged);
  if (files.length === 0) return built;
  const { value: root } = await scanning.scheduler.evaluate(fileStep(built.root, files, scanning));
  // Everything else of the build was waited for before.
  await root.layers.at(-1)!.stored;
  const entry = { created_by: `/bin/sh -c #(nop) ADD ${files.map(({ path }) => path).join(' ')}` };
  return { ...built, root, history: [...built.history, entry] };
}

/** All files in one layer. */
function fileStep(root: RootState, files: readonly ImageFile[], { toolbox, context }: Scanning): Step<RootState> {
  const oneLayer: Toolbox = { ...toolbox, layerPerStep: false };
  let step: Step<RootState> = new ConstantStep('built', root);
  for (const { path, content } of files) {
    const spec = {
      kind: 'copy',
      sources: [{ kind: 'text', name: 'sbom', content: content.toString('utf8') }],
      destination: path,
      chown: undefined,
      chmod: undefined,
      link: false,
      exclude: [],
      parents: false,
    } as const;
    step = new CopyStep(`ADD ${path}`, step, spec, { context }, oneLayer);
  }
  return new SealStep(step, oneLayer);
}
