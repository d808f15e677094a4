import { UsageError } from '../errors.js';
import { push } from '../operations/push.js';
import { COMPRESSION_FLAGS, chosenCompression } from './flags/compression-flags.js';
import { choice, flag, text } from './flags/flags.js';
import { chosenFormat } from './flags/manifest-format.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { refusedFlags } from './flags/refused-flags.js';
import { REFUSED_UPLOADS } from './flags/refused-transfer-flags.js';
import { REGISTRY_FLAGS, registryAccess } from './flags/registry-flags.js';
import { SIGN_FLAGS } from './flags/sign-flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Push extends BaseCommand<typeof Push> {
  static override usage = 'push [flags] IMAGE [DESTINATION]';
  static override examples = [
    'tsbuild push app docker://registry.example.com/team/app:1.2',
    'tsbuild push --sign-by 8D5F1B2A9C3E4F60718293A4B5C6D7E8F9012345 app docker://registry.example.com/team/app:1.2',
    'tsbuild push app oci-archive:/tmp/app.tar',
  ];
  static override flags = {
    ...REGISTRY_FLAGS,
    ...COMPRESSION_FLAGS,
    ...refusedFlags(REFUSED_UPLOADS),
    ...SIGN_FLAGS,
    all: flag({ summary: 'Push all images of an index (always done)', hidden: true }),
    'disable-compression': flag({ char: 'D', summary: 'Do not compress layers that are not' }),
    digestfile: text({ value: 'path', summary: "Write the digest of the pushed image's manifest to this file" }),
    'force-compression': flag({ summary: 'Compress layers again that are compressed in another way' }),
    format: choice(['oci', 'docker', 'v2s2', 'v2s1'], { char: 'f', summary: 'Format of the manifest: oci or docker (v2s2)' }),
    quiet: flag({ char: 'q', summary: 'Show no transfers' }),
    'remove-signatures': flag({ hidden: true, summary: 'Without effect: signatures are not kept' }),
    rm: flag({ summary: 'Remove the image from the store once it is pushed' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [image, destination] = this.operands;
    if (image === undefined) throw new UsageError('at least a source image ID must be specified');
    if (this.operands.length > 2) throw new UsageError('too many arguments specified');
    await push(
      {
        image,
        destination,
        ...registryAccess(this.flags),
        format: chosenFormat(this.flags.format),
        compression: this.flags['disable-compression'] === true ? { format: 'none' } : chosenCompression(this.flags),
        remove: this.flags.rm,
        forceCompression: this.flags['force-compression'],
        digestFile: this.flags.digestfile,
        signBy: this.flags['sign-by'],
      },
      services,
    );
    return 0;
  }
}
