import { combineSyntaxErrors, inspectContainerfile } from '../../parser/index.js';
import { readContainerfile } from '../build/read-containerfile.js';
import { describedBy } from './doc-comment.js';

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
export function listTargets(options: { readonly contextDirectory: string; readonly files: readonly string[] }): readonly Target[] {
  const { name, text } = readContainerfile(options.files, options.contextDirectory);
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
