import { UsageError } from '../../errors.js';
import { imageExists } from '../../operations/image/inspect-image.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class ImageExists extends BaseCommand<typeof ImageExists> {
  static override usage = 'image exists IMAGE';
  static override description = 'Exit with status 0 if the store has the image, and with 1 if it has not.';
  static override examples = ['tsbuild image exists app || tsbuild bud -t app .'];
  static override flags = {};

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [name, ...more] = this.operands;
    if (name === undefined || more.length > 0) throw new UsageError(`accepts 1 arg(s), received ${this.operands.length}`);
    return (await imageExists(name, services)) ? 0 : 1;
  }
}
