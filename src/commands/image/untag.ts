import { UsageError } from '../../errors.js';
import { untagImage } from '../../operations/image/untag.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class Untag extends BaseCommand<typeof Untag> {
  static override usage = 'untag IMAGE [NAME...]';
  static override description = 'Take names away from an image, or all of them. The image stays in the store.';
  static override examples = ['tsbuild untag app registry.example.com/team/app:1.2', 'tsbuild untag app'];
  static override flags = {};

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [image, ...names] = this.operands;
    if (image === undefined) throw new UsageError('requires at least 1 arg(s), only received 0');
    await untagImage(image, names, services);
    return 0;
  }
}
