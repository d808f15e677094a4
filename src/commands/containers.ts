import { UsageError } from '../errors.js';
import { listContainers } from '../operations/containers.js';
import { filterContainers } from './containers/container-filter.js';
import { formatContainers } from './containers/container-list.js';
import { flag, list, text } from './flags/flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Containers extends BaseCommand<typeof Containers> {
  static override usage = 'containers [flags]';
  static override examples = ['tsbuild containers', 'tsbuild containers --filter ancestor=debian', 'tsbuild containers --json'];
  static override flags = {
    all: flag({ char: 'a', summary: 'Show all containers; here all are working containers' }),
    filter: list({ char: 'f', value: 'id|name|ancestor=TEXT', summary: 'Show only what fits' }),
    format: text({ summary: 'Show each container by a Go template' }),
    json: flag({ summary: 'Show JSON' }),
    noheading: flag({ char: 'n', summary: 'Leave out the column headings' }),
    notruncate: flag({ aliases: ['no-trunc'], summary: 'Show whole IDs and names' }),
    quiet: flag({ char: 'q', summary: 'Show only IDs' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    if (this.operands.length > 0) throw new UsageError("'tsbuild containers' does not accept arguments");
    const rows = filterContainers(await listContainers(services), this.flags.filter ?? []);
    this.terminal.out(formatContainers(rows, this.flags));
    return 0;
  }
}
