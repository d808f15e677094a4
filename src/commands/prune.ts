import { UsageError } from '../errors.js';
import { type PruneOptions, type PruneResult, prune } from '../operations/storage/prune.js';
import { formatSize } from '../ui/index.js';
import { flag, list, text } from './flags/flags.js';
import { BaseCommand, type CommandServices, type WithFlags } from './program/base-command.js';

const PRUNE_FLAGS = {
  filter: list({ summary: 'Only what fits: until=24h, unused-for=30d, size=100MB, label=NAME[=VALUE], label!=NAME[=VALUE]' }),
  'dry-run': flag({ summary: 'Show what would go, and change nothing' }),
};
const ALL = flag({ char: 'a', summary: 'Also images with a name that no working container was made from' });
const KEEP_STORAGE = text({ value: 'size', summary: 'Keep this much of the build cache, what was used last' });

type What = Pick<PruneOptions, 'images' | 'cache' | 'cacheMounts' | 'containers'>;

/** What the three commands have in common: `T` has the flags of {@link PRUNE_FLAGS} at least. */
abstract class PruneCommand<T extends WithFlags> extends BaseCommand<T> {
  protected async prune(what: What, services: CommandServices): Promise<PruneResult> {
    if (this.operands.length > 0) throw new UsageError('this command takes no arguments');
    const flags = this.flags as { filter?: string[]; 'dry-run'?: boolean; 'keep-storage'?: string };
    const options = { ...what, filters: flags.filter ?? [], keepStorage: flags['keep-storage'], dryRun: flags['dry-run'] === true };
    return prune({ ...options, now: new Date() }, services);
  }

  /** The IDs are for scripts; the summary is for people and does not mix with them. */
  protected show({ images, containers, records, cacheMounts, freedBytes }: PruneResult): void {
    for (const id of [...containers, ...images]) this.terminal.out(`${id}\n`);
    const dryRun = (this.flags as { 'dry-run'?: boolean })['dry-run'] === true;
    const parts = [
      count(images.length, 'image', 'images'),
      ...(containers.length > 0 ? [count(containers.length, 'container', 'containers')] : []),
      count(records, 'cached step', 'cached steps'),
      count(cacheMounts.length, 'cache mount', 'cache mounts'),
    ];
    this.terminal.err(`${dryRun ? 'Would remove' : 'Removed'} ${parts.join(', ')}: ${formatSize(freedBytes)}\n`);
  }
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

export class Prune extends PruneCommand<typeof Prune> {
  static override usage = 'prune [flags]';
  static override description = 'Remove images without a name, the build cache and cache mounts';
  static override examples = ['tsbuild prune --dry-run', 'tsbuild prune --filter unused-for=30d --keep-storage 10GB'];
  static override flags = {
    ...PRUNE_FLAGS,
    all: ALL,
    'keep-storage': KEEP_STORAGE,
    force: flag({ char: 'f', summary: 'Working containers too, so that no image is in use' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    const { all = false, force = false } = this.flags;
    this.show(await this.prune({ images: all ? 'unused' : 'dangling', cache: true, cacheMounts: true, containers: force }, services));
    return 0;
  }
}

export class ImagePrune extends PruneCommand<typeof ImagePrune> {
  static override usage = 'image prune [flags]';
  static override description = 'Remove images without a name, and what only they need';
  static override examples = ['tsbuild image prune -a --filter until=720h'];
  static override flags = {
    ...PRUNE_FLAGS,
    all: ALL,
    force: flag({ char: 'f', summary: 'Do not ask; tsbuild never does' }),
    'build-cache': flag({ summary: 'The build cache as well' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    const { all = false, 'build-cache': cache = false } = this.flags;
    this.show(await this.prune({ images: all ? 'unused' : 'dangling', cache, cacheMounts: cache, containers: false }, services));
    return 0;
  }
}

export class CachePrune extends PruneCommand<typeof CachePrune> {
  static override usage = 'cache prune [flags]';
  static override description = 'Remove the outcomes of build steps and the directories of cache mounts';
  static override examples = ['tsbuild cache prune --keep-storage 20GB', 'tsbuild cache prune --filter unused-for=7d'];
  static override flags = {
    ...PRUNE_FLAGS,
    'keep-storage': KEEP_STORAGE,
    force: flag({ char: 'f', summary: 'Do not ask; tsbuild never does' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    this.show(await this.prune({ images: 'none', cache: true, cacheMounts: true, containers: false }, services));
    return 0;
  }
}
