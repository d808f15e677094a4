import type { Stage } from '../../builder/graph/index.js';
import { EMPTY_LAYER } from '../../layers/index.js';
import type { RemoteLayers } from '../remote/remote-layers.js';
import type { BaseImages } from './base-images.js';
import type { Goal } from './build-goals.js';

/**
 * Begins to fetch, beside the build, the layers of the images the targets stand on: an image that stays in the store has them all in the end.
 * @param isKept whether the image of the target at this place stays
 */
export function prefetchBases(goals: readonly Goal[], isKept: (at: number) => boolean, images: BaseImages, remote: RemoteLayers): void {
  for (const { graph } of goals) {
    for (const target of graph.targets.filter((_, at) => isKept(at))) {
      let stage: Stage = target;
      while (stage.base.kind === 'stage') stage = graph.allStages[stage.base.index]!;
      if (stage.base.kind === 'image') void prefetch(images.get(stage.base.reference, stage.platform), remote);
    }
  }
}

async function prefetch(image: ReturnType<BaseImages['get']>, remote: RemoteLayers): Promise<void> {
  try {
    const identities = await Promise.all((await image).layers.map(({ identity }) => identity));
    remote.prefetch(identities.flatMap(({ diffId }) => (diffId === EMPTY_LAYER.diffId ? [] : [diffId])));
  } catch {
    // The stage that begins with this image tells what is wrong with it.
  }
}
