import { UsageError } from '../../errors.js';
import { inspectElsewhere } from '../../operations/image/inspect-elsewhere.js';
import { inspectImages } from '../../operations/image/inspect-image.js';
import { executeTemplate } from '../../ui/index.js';
import { flag, text, wholeNumber } from '../flags/flags.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { chosenPlatform, PLATFORM_FLAGS } from '../flags/platform-flags.js';
import { REGISTRY_FLAGS, registryAccess } from '../flags/registry-flags.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

const PLACE = /^(?:docker:\/\/|(?:oci|oci-archive|docker-archive|dir|containers-storage):)/;

export class ImageInspect extends BaseCommand<typeof ImageInspect> {
  static override usage = 'image inspect [flags] IMAGE [IMAGE...]';
  static override description =
    'Describe images of the store as podman image inspect does, or one at another place (docker://NAME, oci:DIR:REF, ...) as skopeo inspect does: of that one only the manifest and the configuration are fetched.';
  static override examples = [
    "tsbuild image inspect --format '{{.Config.Env}}' app",
    'tsbuild image inspect docker://docker.io/library/debian:12',
    'tsbuild image inspect --raw oci:/srv/images:debian',
  ];
  static override flags = {
    ...REGISTRY_FLAGS,
    ...PLATFORM_FLAGS,
    config: flag({ summary: 'Show the configuration of an image at another place; with --raw as it is' }),
    format: text({ char: 'f', summary: 'Show what a Go template says' }),
    'no-creds': flag({ summary: 'Ask the registry as nobody in particular' }),
    'no-tags': flag({ char: 'n', summary: "Leave the other tags of a registry's repository out" }),
    raw: flag({ summary: 'Show the manifest of an image at another place as it is' }),
    retry: wholeNumber({ aliases: ['retry-times'], summary: 'Times a failed transfer is tried again (default: 3)' }),
    'shared-blob-dir': text({ value: 'path', summary: 'Directory of the blobs of an oci: image' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [first] = this.operands;
    if (first === undefined) throw new UsageError('no name or ID specified');
    if (this.operands.some((name) => PLACE.test(name))) {
      if (this.operands.length > 1) throw new UsageError('of other places only one image can be inspected at once');
      return this.showElsewhere(first, services);
    }
    const { raw, config, format } = this.flags;
    if (raw === true || config === true)
      throw new UsageError('--raw and --config are for images at other places', { hint: `Write containers-storage:${first}` });
    const documents = await inspectImages(this.operands, services);
    if (format === undefined || format === 'json') this.showJson(documents);
    else for (const document of documents) this.showTemplate(format, document);
    return 0;
  }

  private async showElsewhere(place: string, services: CommandServices): Promise<number> {
    const { raw, config, format } = this.flags;
    if (raw === true && format !== undefined) throw new UsageError('raw output does not support format option');
    const found = await inspectElsewhere(
      {
        ...registryAccess(this.flags),
        anonymous: this.flags['no-creds'],
        place,
        platform: chosenPlatform(this.flags),
        wantsTags: this.flags['no-tags'] !== true && raw !== true && config !== true,
        extras: { sharedBlobDir: this.flags['shared-blob-dir'] },
      },
      services,
    );
    if (config === true && found.configBytes === undefined)
      throw new UsageError(`${place} is an artifact, and has no configuration of an image`);
    const bytes = Buffer.from(config === true ? (found.configBytes ?? '') : found.manifestBytes).toString();
    if (raw === true) this.terminal.out(bytes);
    else {
      const document: unknown = config === true ? JSON.parse(bytes) : found.document;
      if (format === undefined) this.showJson(document);
      else this.showTemplate(format, document);
    }
    return 0;
  }

  private showJson(document: unknown): void {
    this.terminal.out(`${JSON.stringify(document, null, 4)}\n`);
  }

  private showTemplate(format: string, document: unknown): void {
    const shown = executeTemplate(format.replaceAll('\\t', '\t').replaceAll('\\n', '\n'), document);
    this.terminal.out(shown.endsWith('\n') ? shown : `${shown}\n`);
  }
}
