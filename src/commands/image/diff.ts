import { UsageError } from '../../errors.js';
import { diffImages, type PathChange } from '../../operations/image/diff.js';
import { choice } from '../flags/flags.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

const WORDS = [
  ['C', 'changed'],
  ['A', 'added'],
  ['D', 'deleted'],
] as const;

export class ImageDiff extends BaseCommand<typeof ImageDiff> {
  static override usage = 'image diff [flags] IMAGE [IMAGE]';
  static override description =
    'Show which paths the topmost layer of an image added (A), changed (C) or deleted (D), or in which an image differs from another.';
  static override examples = ['tsbuild image diff app', 'tsbuild image diff --format json app:2 app:1'];
  static override flags = { format: choice(['json'], { summary: 'Show JSON' }) };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [name, other, ...more] = this.operands;
    if (name === undefined || more.length > 0) throw new UsageError('image diff takes one image, or two');
    const changes = await diffImages(name, other, services);
    this.terminal.out(this.flags.format === 'json' ? formatJson(changes) : changes.map(({ kind, path }) => `${kind} ${path}\n`).join(''));
    return 0;
  }
}

function formatJson(changes: readonly PathChange[]): string {
  const paths = WORDS.map(([kind, word]) => [word, changes.filter((change) => change.kind === kind).map(({ path }) => path)] as const);
  return `${JSON.stringify(Object.fromEntries(paths.filter(([, list]) => list.length > 0)), null, 5)}\n`;
}
