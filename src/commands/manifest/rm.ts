import { UsageError } from '../../errors.js';
import { listExists } from '../../operations/manifests/change-list.js';
import { removeImages } from '../../operations/remove-image.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class ManifestRm extends BaseCommand<typeof ManifestRm> {
  static override usage = 'manifest rm LIST [LIST...]';
  static override examples = ['tsbuild manifest rm app'];
  static override flags = {};

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    if (this.operands.length === 0) throw new UsageError('list name or ID must be specified');
    for (const name of this.operands)
      if (!(await listExists(name, services))) throw new UsageError(`${name}: image not known, or it is not a manifest list`);
    const options = { names: this.operands, all: false, force: false, prune: false };
    const { untagged, deleted, failures } = await removeImages(options, services);
    for (const name of untagged) this.terminal.out(`untagged: ${name}\n`);
    for (const id of deleted) this.terminal.out(`${id}\n`);
    if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
    return 0;
  }
}
