import { UsageError } from '../errors.js';
import { tagImage } from '../operations/tag.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Tag extends BaseCommand<typeof Tag> {
  static override usage = 'tag IMAGE NAME [NAME...]';
  static override examples = ['tsbuild tag app registry.example.com/team/app:1.2'];
  static override flags = {};

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [source, ...names] = this.operands;
    if (source === undefined || names.length === 0)
      throw new UsageError(`requires at least 2 arg(s), only received ${this.operands.length}`);
    await tagImage({ source, names }, services);
    return 0;
  }
}
