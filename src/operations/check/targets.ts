import { combineSyntaxErrors, inspectContainerfile } from '../../parser/index.js';
import type { Services } from '../context.js';
import { describedBy } from './doc-comment.js';
import { type CheckedPlaceOptions, withPlace } from './with-place.js';

/** A stage that can be built: `--call=targets`. */
export interface Target {
  readonly name: string | undefined;
  readonly description: string | undefined;
  /** Built when no target is given. */
  readonly default: boolean;
  /** As written. */
  readonly base: string;
  readonly platform: string | undefined;
  readonly line: number;
}

/** @throws {ContainerfileSyntaxError} @throws {ContainerfileMissingError} */
export async function listTargets(options: CheckedPlaceOptions, services: Services): Promise<readonly Target[]> {
  const { name, text } = await withPlace(options, services, async ({ place }) => place.containerfile);
  const { containerfile, errors } = inspectContainerfile({ name, text });
  if (errors.length > 0) throw combineSyntaxErrors(errors);
  const stages = containerfile.instructions.filter((instruction) => instruction.keyword === 'FROM');
  return stages.map(({ writtenStageName, comments, image, platform, range }, index) => ({
    name: writtenStageName,
    description: describedBy(comments, writtenStageName ?? ''),
    default: index === stages.length - 1,
    base: image,
    platform,
    line: range.startLine,
  }));
}
