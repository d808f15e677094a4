import type { Graph } from '../../builder/graph/index.js';
import { TsbuildError } from '../../errors.js';
import type { Platform } from '../../image/index.js';
import { type LintResult, lintContainerfile } from '../../lint/index.js';
import type { Reporter } from '../../progress.js';
import type { BaseImage } from '../build/base-images.js';
import { lintFacts } from './lint-facts.js';

/** A check with `error=true` has findings. */
export class LintViolationError extends TsbuildError {
  readonly code = 'LINT_VIOLATION';
  constructor(readonly rules: readonly string[]) {
    super(`lint violation found for rules: ${rules.join(', ')}`, { hint: 'The Containerfile asks for it with "# check=error=true"' });
  }
}

export interface BuildFindingsOptions {
  readonly graph: Graph;
  readonly buildPlatform: Platform;
  /** Images the build has obtained. */
  readonly image: (reference: string, platform: Platform) => Promise<BaseImage | undefined>;
  readonly excludes: ((path: string) => boolean) | undefined;
  readonly reporter: Reporter;
}

/** Reports what the rules find in the stages that are built. @throws {LintViolationError} and the file asks that this fails the build */
export async function reportFindings(options: BuildFindingsOptions): Promise<void> {
  const { findings, failsBuild } = await findingsOf(options);
  if (findings.length === 0) return;
  const shown = findings.map(({ rule, message, line }) => ({ rule: rule.name, message, line }));
  options.reporter.report({ kind: 'findings', findings: shown });
  if (failsBuild) throw new LintViolationError([...new Set(findings.map(({ rule }) => rule.name))]);
}

async function findingsOf({ graph, buildPlatform, image, excludes }: BuildFindingsOptions): Promise<LintResult> {
  const { setting } = graph.target;
  const bases = new Map<number, BaseImage>();
  for (const { index, base, platform } of graph.stages) {
    const found = base.kind === 'image' ? await image(base.reference, platform) : undefined;
    if (found !== undefined) bases.set(index, found);
  }
  const facts = lintFacts({
    buildArgs: setting.buildArgs,
    platform: setting.platform,
    buildPlatform,
    targetName: graph.target.name,
    namedContexts: setting.namedContexts,
    base: (index) => {
      const found = bases.get(index);
      const wanted = graph.allStages[index]?.platform;
      return found === undefined || wanted === undefined ? undefined : { config: found.config, platform: wanted };
    },
    excludes,
    stages: new Set(graph.stages.map(({ index }) => index)),
  });
  return lintContainerfile(graph.containerfile, facts);
}
