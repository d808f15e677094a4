import { UsageError } from '../errors.js';
import { listImages } from '../operations/images.js';
import { flag, list, text } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { filterImages } from './images/image-filter.js';
import { formatImages } from './images/image-list.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Images extends BaseCommand<typeof Images> {
  static override usage = 'images [flags] [IMAGE]';
  static override examples = ['tsbuild images', 'tsbuild images --json', 'tsbuild images --format "{{.ID}} {{.Name}}:{{.Tag}}"'];
  static override flags = {
    all: flag({ char: 'a', summary: 'Show all images; here no image is hidden' }),
    digests: flag({ summary: 'Show the digests of manifests' }),
    filter: list({ char: 'f', summary: 'Show only what fits: before, dangling, id, reference, since' }),
    format: text({ summary: 'Show each image by a Go template' }),
    history: flag({ summary: 'Show the names an image had before; none are kept' }),
    json: flag({ summary: 'Show JSON' }),
    'no-trunc': flag({ summary: 'Show whole IDs', aliases: ['notruncate'] }),
    noheading: flag({ char: 'n', summary: 'Leave out the column headings' }),
    quiet: flag({ char: 'q', summary: 'Show only IDs' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    if (this.operands.length > 1) throw new UsageError("'tsbuild images' requires at most 1 argument");
    const [name] = this.operands;
    const rows = await listImages(name === undefined ? {} : { filterName: name }, services);
    if (name !== undefined && rows.length === 0) throw new UsageError(`${name}: image not known`);
    const shown = filterImages(rows, this.flags.filter ?? []);
    this.terminal.out(formatImages(shown, this.flags, new Date()));
    return 0;
  }
}
