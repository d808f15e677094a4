import { UsageError } from '../../errors.js';
import { annotateList } from '../../operations/manifests/change-list.js';
import { ENTRY_FLAGS, entryChanges } from '../flags/entry-flags.js';
import { flag, text } from '../flags/flags.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class ManifestAnnotate extends BaseCommand<typeof ManifestAnnotate> {
  static override usage = 'manifest annotate [flags] LIST [IMAGE]';
  static override description = 'Change what a list says of an image, which is named by its digest or its name, or with --index of itself.';
  static override examples = [
    'tsbuild manifest annotate --variant v8 app sha256:0123...',
    'tsbuild manifest annotate --index --annotation org.opencontainers.image.version=1.2 app',
  ];
  static override flags = {
    ...ENTRY_FLAGS,
    index: flag({ summary: 'Annotate the list itself' }),
    subject: text({ value: 'IMAGE', summary: 'Image the list is about' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { flags } = this;
    const [name, image, ...more] = this.operands;
    const isIndex = flags.index === true || flags.subject !== undefined;
    if (name === undefined || (image === undefined && !isIndex)) throw new UsageError('you must specify a list and an image');
    if (more.length > 0) throw new UsageError('too many arguments specified');
    if (flags.index === true && image !== undefined) throw new UsageError('--index takes no image: it annotates the list itself');
    const changes = entryChanges(flags);
    if (image === undefined && Object.entries(changes).some(([key, value]) => key !== 'annotations' && value !== undefined))
      throw new UsageError('--index only takes --annotation and --subject: a list has no platform of its own');
    const { id, digest } = await annotateList({ list: name, image, changes, subject: flags.subject }, services);
    this.terminal.out(`${id}: ${digest}\n`);
    return 0;
  }
}
