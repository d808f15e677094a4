import { UsageError } from '../../errors.js';
import { imageTree, type ImageTree as Tree, type TreeLayer } from '../../operations/image/tree.js';
import { formatShortSize, shortId } from '../../ui/index.js';
import { flag } from '../flags/flags.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class ImageTree extends BaseCommand<typeof ImageTree> {
  static override usage = 'image tree [flags] IMAGE';
  static override description = 'Show the layers of an image, and which images of the store end with each of them.';
  static override examples = ['tsbuild image tree app', 'tsbuild image tree --whatrequires debian12'];
  static override flags = { whatrequires: flag({ summary: 'Show what stands on the image instead of what it stands on' }) };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [name, ...more] = this.operands;
    if (name === undefined || more.length > 0) throw new UsageError(`accepts 1 arg(s), received ${this.operands.length}`);
    this.terminal.out(formatTree(await imageTree(name, { whatRequires: this.flags.whatrequires ?? false }, services)));
    return 0;
  }
}

function formatTree({ imageId, tags, sizeBytes, layers }: Tree): string {
  const head = `Image ID: ${shortId(imageId)}\nTags:     [${tags.join(' ')}]\nSize:     ${formatShortSize(sizeBytes)}\n`;
  if (layers.length === 0) return `${head}No Image Layers\n`;
  return `${head}Image Layers\n${branches(layers, '')}`;
}

function branches(layers: readonly TreeLayer[], indent: string): string {
  return layers
    .map((layer, position) => {
      const isLast = position === layers.length - 1;
      const top = layer.topOf.length === 0 ? '' : ` Top Layer of: [${layer.topOf.join(' ')}]`;
      const line = `${indent}${isLast ? '└── ' : '├── '}ID: ${shortId(layer.id)} Size: ${formatShortSize(layer.sizeBytes).padStart(7)}${top}\n`;
      return line + branches(layer.children, `${indent}${isLast ? '    ' : '│   '}`);
    })
    .join('');
}
