import { UsageError } from '../errors.js';
import { removeImages } from '../operations/remove-image.js';
import { flag } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Rmi extends BaseCommand<typeof Rmi> {
  static override usage = 'rmi [flags] IMAGE [IMAGE...]';
  static override examples = ['tsbuild rmi app', 'tsbuild rmi --prune'];
  static override flags = {
    all: flag({ char: 'a', summary: 'Remove all images' }),
    force: flag({ char: 'f', summary: 'Also remove images that containers were made from, and all names of an image' }),
    prune: flag({ char: 'p', summary: 'Remove images without a name' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { all = false, force = false, prune = false } = this.flags;
    if (!all && !prune && this.operands.length === 0) throw new UsageError('image name or ID must be specified');
    if (all && prune) throw new UsageError('when using the --all switch, you may not use --prune switch');
    const { untagged, deleted, failures } = await removeImages({ names: this.operands, all, force, prune }, services);
    for (const name of untagged) this.terminal.out(`untagged: ${name}\n`);
    for (const id of deleted) this.terminal.out(`${id}\n`);
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures);
    return 0;
  }
}
