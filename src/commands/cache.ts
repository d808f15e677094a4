import { UsageError } from '../errors.js';
import { cacheWhy, type ExplainedBuild } from '../operations/cache-why.js';
import { decisionObject, formatDecision, shortId } from '../ui/index.js';
import { flag } from './flags/flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';
import { parseCommandLine } from './program/command-line.js';

const WHY_FLAGS = { json: flag({ summary: 'Show one JSON object per step' }) };

export class Cache extends BaseCommand<typeof Cache> {
  static override usage = 'cache why [--json] [IMAGE|STEP]';
  static override description =
    'Show which steps of an image were found in the cache when it was built, and why the others were run. IMAGE is a name or an ID; STEP is the twelve digits that a build shows behind -->. Without either: of the build that ended last, also if it failed.';
  static override examples = ['tsbuild cache why app', 'tsbuild cache why 3f1c0a9be2d4'];
  static override flags = WHY_FLAGS;

  protected async execute(services: CommandServices): Promise<number> {
    const [verb, ...rest] = this.operands;
    if (verb !== 'why')
      throw new UsageError(`unknown command "${verb ?? ''}" for "tsbuild cache"`, { hint: 'There is: tsbuild cache why' });
    const line = parseCommandLine([() => WHY_FLAGS], rest);
    const [what, ...more] = line.operands;
    if (more.length > 0) throw new UsageError(`requires at most 1 arg, received ${line.operands.length}`);
    const builds = await cacheWhy(what, services);
    const asJson = this.flags.json === true || line.flags.json === true;
    for (const build of builds) this.terminal.out(asJson ? formatJson(build) : formatBuild(build));
    return 0;
  }
}

const OUTCOMES = { failed: 'Build that failed', cancelled: 'Build that was cancelled' } as const;

function formatBuild({ imageId, outcome, builtAt, usedAt, steps }: ExplainedBuild): string {
  const what = outcome === 'image' ? `Image ${shortId(imageId ?? '')}, built` : OUTCOMES[outcome];
  const again = usedAt === undefined ? '' : `, again from the cache alone ${usedAt}`;
  const stages = new Set(steps.map(({ stage }) => stage)).size;
  const lines = steps.map(({ stage, index, total, text, id, decision, unfinished }) => {
    const place = stages > 1 ? `[stage ${stage + 1}] ` : '';
    const end = unfinished === true ? ' (not finished)' : '';
    return `${place}STEP ${index}/${total}: ${text}\n--> ${shortId(id)}${end}\n${formatDecision(decision)}`;
  });
  return `${what} ${builtAt}${again}\n${lines.join('')}`;
}

function formatJson({ imageId, outcome, steps }: ExplainedBuild): string {
  const build = imageId === undefined ? { build: outcome } : { imageId };
  return steps
    .map(({ id, decision, unfinished, ...step }) => {
      const isUnfinished = unfinished === undefined ? {} : { unfinished };
      return `${JSON.stringify({ ...build, ...isUnfinished, ...decisionObject({ step, id, decision }) })}\n`;
    })
    .join('');
}
