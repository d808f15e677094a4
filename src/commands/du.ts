import { storeUsage } from '../operations/storage/measure-store.js';
import { formatAge, formatSize, formatTable, printable } from '../ui/index.js';
import { choice, flag } from './flags/flags.js';
import { refuseMoreThan } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

type Usage = Awaited<ReturnType<typeof storeUsage>>;
const TEXT_WIDTH = 60;

export class Du extends BaseCommand<typeof Du> {
  static override usage = 'du [flags]';
  static override description =
    'Show the outcomes of build steps that the cache keeps, the last used first, with what each takes alone: what an image, a container or an outcome that was used later has too does not count';
  static override examples = ['tsbuild du', 'tsbuild du --format json'];
  static override flags = {
    format: choice(['table', 'json'], { summary: 'Show a table (default), or JSON' }),
    verbose: flag({ char: 'v', summary: 'Show instructions whole' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseMoreThan(0, this.operands);
    const usage = await storeUsage(services);
    this.terminal.out(this.flags.format === 'json' ? formatJson(usage) : formatDu(usage, this.flags.verbose === true, new Date()));
    return 0;
  }
}

function formatDu({ cache, cacheMounts }: Usage, whole: boolean, now: Date): string {
  const rows = cache.map(({ record, usedAt, sizeBytes, shared, text }) => [
    shortDefinition(record.definition),
    formatSize(sizeBytes),
    shared ? 'yes' : 'no',
    formatAge(usedAt, now),
    firstLine(text, whole),
  ]);
  const sum = (sizes: readonly { readonly sizeBytes: number }[]): number => sizes.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  const totals = [
    ['Build cache:', formatSize(sum(cache))],
    ['Cache mounts:', formatSize(sum(cacheMounts))],
    ['Reclaimable:', formatSize(sum(cache) + sum(cacheMounts))],
  ];
  return `${formatTable([['ID', 'SIZE', 'SHARED', 'LAST USED', 'STEP'], ...rows])}${formatTable(totals)}`;
}

function firstLine(text: string, whole: boolean): string {
  const [line = '', ...more] = printable(text).split('\n');
  if (whole) return printable(text);
  return line.length > TEXT_WIDTH || more.length > 0 ? `${line.slice(0, TEXT_WIDTH)}…` : line;
}

function shortDefinition(definition: string): string {
  return definition.replace(/^sha256:/, '').slice(0, 12);
}

function formatJson({ cache, cacheMounts }: Usage): string {
  const steps = cache.map(({ record, usedAt, sizeBytes, shared, text }) => ({
    id: record.definition,
    parent: record.parent,
    text,
    sizeBytes,
    shared,
    createdAt: record.createdAt,
    usedAt: usedAt.toISOString(),
  }));
  const mounts = cacheMounts.map(({ identity, sizeBytes, usedAt }) => ({ ...identity, sizeBytes, usedAt: usedAt.toISOString() }));
  return `${JSON.stringify({ steps, cacheMounts: mounts }, null, 4)}\n`;
}
