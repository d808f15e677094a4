import { UsageError } from '../errors.js';
import { cacheWhy, type ExplainedBuild } from '../operations/cache-why.js';
import { decisionObject, formatDecision, shortId } from '../ui/index.js';
import { flag } from './flags/flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';
import { parseCommandLine } from './program/command-line.js';

const WHY_FLAGS = { json: flag({ summary: 'Show one JSON object per step' }) };

export class Cache extends BaseCommand<typeof Cache> {
  static override usage = 'cache why [--json] IMAGE|STEP';
  static override description =
    'Show which steps of an image were found in the cache when it was built, and why the others were run. IMAGE is a name or an ID; STEP is the twelve digits that a build shows behind -->.';
  static override examples = ['tsbuild cache why app', 'tsbuild cache why 3f1c0a9be2d4'];
  static override flags = WHY_FLAGS;

  protected async execute(services: CommandServices): Promise<number> {
    const [verb, ...rest] = this.operands;
    if (verb !== 'why')
      throw new UsageError(`unknown command "${verb ?? ''}" for "tsbuild cache"`, { hint: 'There is: tsbuild cache why' });
    const line = parseCommandLine(WHY_FLAGS, rest);
    const [what, ...more] = line.operands;
    if (what === undefined || more.length > 0) throw new UsageError(`requires exactly 1 arg, received ${line.operands.length}`);
    const builds = await cacheWhy(what, services);
    const asJson = this.flags.json === true || line.flags.json === true;
    for (const build of builds) this.terminal.out(asJson ? formatJson(build) : formatBuild(build));
    return 0;
  }
}

function formatBuild({ imageId, builtAt, usedAt, steps }: ExplainedBuild): string {
  const again = usedAt === undefined ? '' : `, again from the cache alone ${usedAt}`;
  const stages = new Set(steps.map(({ stage }) => stage)).size;
  const lines = steps.map(({ stage, index, total, text, id, decision }) => {
    const place = stages > 1 ? `[stage ${stage + 1}] ` : '';
    return `${place}STEP ${index}/${total}: ${text}\n--> ${shortId(id)}\n${formatDecision(decision)}`;
  });
  return `Image ${shortId(imageId)}, built ${builtAt}${again}\n${lines.join('')}`;
}

function formatJson({ imageId, steps }: ExplainedBuild): string {
  return steps.map(({ id, decision, ...step }) => `${JSON.stringify({ imageId, ...decisionObject({ step, id, decision }) })}\n`).join('');
}
