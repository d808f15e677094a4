import type { Stage, StageBase } from '../../builder/graph/index.js';
import type { BuiltStage } from './build-stages.js';
import type { ImageOptions } from './describe-image.js';

/** What an image of an intermediate stage is described with: nothing that the command line says of the final image is said of it. */
export function stageImageOptions(built: BuiltStage, allStages: readonly Stage[], withLabels: boolean): ImageOptions {
  return { labels: withLabels ? stageLabels(built.stage, allStages) : {}, annotations: {} };
}

/** Buildah's labels for such images. */
function stageLabels({ name, index, base }: Stage, allStages: readonly Stage[]): Readonly<Record<string, string>> {
  return { 'io.buildah.stage.name': name ?? String(index), 'io.buildah.stage.base': baseName(base, allStages) };
}

function baseName(base: StageBase, allStages: readonly Stage[]): string {
  switch (base.kind) {
    case 'scratch':
      return 'scratch';
    case 'stage':
      return allStages[base.index]?.name ?? String(base.index);
    case 'image':
      return base.reference;
    case 'named-context':
      return base.name;
  }
}
