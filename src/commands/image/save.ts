import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UsageError } from '../../errors.js';
import { saveImages } from '../../operations/image/save.js';
import { choice, flag, text } from '../flags/flags.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class Save extends BaseCommand<typeof Save> {
  static override usage = 'save [flags] IMAGE [NAME...]';
  static override description =
    'Write an image to an archive or a directory, or to standard output. NAMEs are further names for it in the archive; with --multi-image-archive they are images.';
  static override examples = [
    'tsbuild save -o app.tar app',
    'tsbuild save app | podman load',
    'tsbuild save --format oci-archive -o app.oci.tar app',
    'tsbuild save -m -o all.tar app debian12',
  ];
  static override flags = {
    compress: flag({ summary: 'Compress layers in a directory that are not' }),
    format: choice(['docker-archive', 'oci-archive', 'docker-dir', 'oci-dir'], { summary: 'What to write (default: docker-archive)' }),
    'multi-image-archive': flag({ char: 'm', summary: 'Write several images to one docker-archive' }),
    output: text({ char: 'o', value: 'path', summary: 'File or directory to write (default: standard output)' }),
    quiet: flag({ char: 'q', summary: 'Show no transfers' }),
    uncompressed: flag({ summary: 'Leave layers in an oci-archive uncompressed if they are' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { flags } = this;
    if (this.operands.length === 0) throw new UsageError('need at least 1 argument');
    const format = flags.format ?? 'docker-archive';
    if (flags.compress === true && !format.endsWith('-dir'))
      throw new UsageError('--compress can only be set when --format is oci-dir or docker-dir');
    const options = {
      images: this.operands,
      format,
      multi: flags['multi-image-archive'] ?? false,
      compress: flags.compress ?? false,
      acceptUncompressed: flags.uncompressed ?? false,
    };
    if (flags.output !== undefined) {
      await saveImages({ ...options, output: flags.output }, services);
      return 0;
    }
    if (format.endsWith('-dir'))
      throw new UsageError(`--format ${format} needs --output: a directory cannot be written to standard output`);
    if (process.stdout.isTTY) throw new UsageError('refusing to save to terminal. Use -o flag or redirect');
    const directory = await mkdtemp(join(services.settings.tmpDir, 'tsbuild-save-'));
    try {
      const output = join(directory, 'archive');
      await saveImages({ ...options, output }, services);
      await pipeline(createReadStream(output), process.stdout, { end: false });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
    return 0;
  }
}
