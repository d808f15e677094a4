import { UsageError } from '../errors.js';
import { push } from '../operations/push.js';
import { COMPRESSION_FLAGS, chosenCompression } from './flags/compression-flags.js';
import { choice, flag, text } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { REGISTRY_FLAGS, registryAccess } from './flags/registry-flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Push extends BaseCommand<typeof Push> {
  static override usage = 'push [flags] IMAGE [DESTINATION]';
  static override examples = ['tsbuild push app docker://registry.example.com/team/app:1.2', 'tsbuild push app oci-archive:/tmp/app.tar'];
  static override flags = {
    ...REGISTRY_FLAGS,
    ...COMPRESSION_FLAGS,
    all: flag({ summary: 'Push all images of an index (always done)', hidden: true }),
    digestfile: text({ value: 'path', summary: "Write the digest of the pushed image's manifest to this file" }),
    'force-compression': flag({ summary: 'Compress layers again that are compressed in another way' }),
    format: choice(['oci', 'docker', 'v2s2'], { char: 'f', summary: 'Format of the manifest: oci or docker (v2s2)' }),
    quiet: flag({ char: 'q', summary: 'Show no transfers' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [image, destination] = this.operands;
    if (image === undefined) throw new UsageError('at least a source image ID must be specified');
    if (this.operands.length > 2) throw new UsageError('too many arguments specified');
    const { format } = this.flags;
    await push(
      {
        image,
        destination,
        ...registryAccess(this.flags),
        format: format === 'v2s2' ? 'docker' : format,
        compression: chosenCompression(this.flags),
        forceCompression: this.flags['force-compression'],
        digestFile: this.flags.digestfile,
      },
      services,
    );
    return 0;
  }
}
