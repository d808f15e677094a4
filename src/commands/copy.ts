import { copyIntoContainer } from '../operations/copy.js';
import { COPY_FLAGS, copyOptions } from './flags/copy-flags.js';
import { flag } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Copy extends BaseCommand<typeof Copy> {
  static override usage = 'copy [flags] CONTAINER SOURCE [SOURCE...] [DESTINATION]';
  static override description =
    "Copy files, directories or URLs into a working container, by default into its working directory, and print the content's digest.";
  static override examples = [
    'tsbuild copy app-working-container ./dist /srv/app',
    'tsbuild copy --chown app:app --from builder-working-container app-working-container /out/app /usr/bin/',
  ];
  static override flags = { ...COPY_FLAGS, parents: flag({ summary: 'Keep the directories above the sources' }) };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { addHistory } = services.settings;
    const { digest } = await copyIntoContainer(copyOptions(this.operands, this.flags, { unpack: false, addHistory }), services);
    if (this.flags.quiet !== true) this.terminal.out(`${digest}\n`);
    return 0;
  }
}
