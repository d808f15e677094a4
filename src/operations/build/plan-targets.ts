import type { Graph } from '../../builder/graph/index.js';
import { UsageError } from '../../errors.js';
import { localName } from '../../image/index.js';
import type { TransportName } from '../../transports/index.js';
import type { BuildOptions } from './build-options.js';
import { type BuildOutput, parseOutputs } from './build-output.js';
import { tagDestinations } from './tag-destinations.js';

/** What becomes of one target of a build. */
export interface TargetPlan {
  /** Full names that `--tag` gives it. */
  readonly tags: readonly string[];
  /** Full names it gets in the store: those and the ones of outputs. */
  readonly names: readonly string[];
  /** Full name of an index that gets it too. */
  readonly list: string | undefined;
  /** Its name as the user wrote it. */
  readonly shownName: string | undefined;
  /** What is written besides the image in the store. */
  readonly outputs: readonly BuildOutput[];
  /** Where it is sent by a name that begins with a transport. */
  readonly destinations: readonly TransportName[];
  /** What is only sent elsewhere stays here if that costs nothing: no layer is fetched for it. */
  readonly isKept: boolean;
}

/**
 * What `--tag`, `--output` and `--manifest` make of each target: the last gets all that does not name another.
 *
 * @throws {UsageError} a tag or output of another form, or a name for a stage that is no target
 */
export async function planTargets(
  options: Pick<BuildOptions, 'tags' | 'outputs' | 'manifest'>,
  targets: Graph['targets'],
): Promise<readonly TargetPlan[]> {
  const { names: given, destinations } = await tagDestinations(options.tags);
  const tags = namesByTarget(given, targets);
  const outputs = parseOutputs(options.outputs ?? []);
  return targets.map((target, at): TargetPlan => {
    const own = tags[at]!;
    if (at < targets.length - 1)
      return { tags: own, names: own, list: undefined, shownName: target.name, outputs: [], destinations: [], isKept: true };
    const names = [...own, ...outputs.flatMap(namesOf)];
    const list = options.manifest === undefined ? undefined : localName(options.manifest);
    const isSent = outputs.length + destinations.length > 0;
    const isKept = !isSent || names.length > 0 || list !== undefined;
    return { tags: own, names, list, shownName: given.find((tag) => !tag.includes('=')), outputs, destinations, isKept };
  });
}

/**
 * Full names by the place of the target they are for: `NAME` is for the last target, `STAGE=NAME` for that stage.
 *
 * @throws {UsageError} a name for a stage that is no target
 */
function namesByTarget(tags: readonly string[], targets: Graph['targets']): readonly (readonly string[])[] {
  const names: string[][] = targets.map(() => []);
  for (const tag of tags) {
    const equals = tag.indexOf('=');
    const stage = equals < 0 ? undefined : tag.slice(0, equals).toLowerCase();
    const at = stage === undefined ? names.length - 1 : targets.findIndex(({ name, index }) => name === stage || String(index) === stage);
    if (at < 0) throw new UsageError(`--tag ${tag}: ${stage} is no target of this build`, { hint: `Add --target ${stage}` });
    names[at]!.push(localName(tag.slice(equals + 1)));
  }
  return names;
}

/** Names in the store that an output gives. */
function namesOf(output: BuildOutput): readonly string[] {
  return output.kind === 'image' && output.kept ? output.names.map(localName) : [];
}
