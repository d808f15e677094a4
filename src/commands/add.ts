import { copyIntoContainer } from '../operations/copy.js';
import { COPY_FLAGS, copyOptions } from './flags/copy-flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Add extends BaseCommand<typeof Add> {
  static override usage = 'add [flags] CONTAINER SOURCE [SOURCE...] [DESTINATION]';
  static override description =
    "Copy files, directories or URLs into a working container as copy does, but unpack local archives, and print the content's digest.";
  static override examples = [
    'tsbuild add app-working-container rootfs.tar.gz /',
    'tsbuild add --checksum sha256:24454f830c... app-working-container https://example.com/app.tar /tmp/app.tar',
  ];
  static override flags = COPY_FLAGS;

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { addHistory } = services.settings;
    const { digest } = await copyIntoContainer(copyOptions(this.operands, this.flags, { unpack: true, addHistory }), services);
    if (this.flags.quiet !== true) this.terminal.out(`${digest}\n`);
    return 0;
  }
}
