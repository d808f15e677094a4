import { storeUsage } from '../operations/storage/measure-store.js';
import { executeTemplate, formatAge, formatSize, formatTable, shortId } from '../ui/index.js';
import { flag, text } from './flags/flags.js';
import { refuseMoreThan } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

type Usage = Awaited<ReturnType<typeof storeUsage>>;

export class SystemDf extends BaseCommand<typeof SystemDf> {
  static override usage = 'system df [flags]';
  static override description =
    'Show what images, working containers, the build cache and cache mounts take on disk, blobs and extracted layers together, and what of it could be freed';
  static override examples = ['tsbuild system df', 'tsbuild system df -v', 'tsbuild system df --format "{{.Type}} {{.Reclaimable}}"'];
  static override flags = {
    format: text({ summary: 'Show each line by a Go template; json: as JSON' }),
    verbose: flag({ char: 'v', summary: 'Show every image, container and cache mount' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseMoreThan(0, this.operands);
    const usage = await storeUsage(services);
    const rows = summarise(usage);
    const { format } = this.flags;
    if (format === 'json') this.terminal.out(`${JSON.stringify(rows.map(toJson), null, 4)}\n`);
    else if (format !== undefined) for (const row of rows) this.terminal.out(`${executeTemplate(format, templateRow(row))}\n`);
    else this.terminal.out(this.flags.verbose === true ? formatDetails(usage, new Date()) : formatSummary(rows));
    return 0;
  }
}

interface Row {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly bytes: number;
  readonly reclaimable: number;
}

function summarise(usage: Usage): readonly Row[] {
  const { images, containers, cache, cacheMounts } = usage;
  const sum = (sizes: readonly { readonly sizeBytes: number }[]): number => sizes.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  const other = usage.unreferencedBytes + usage.trashBytes;
  return [
    {
      type: 'Images',
      total: images.length,
      active: images.filter((image) => image.containers.length > 0).length,
      bytes: usage.imageBytes,
      reclaimable: usage.reclaimableImageBytes,
    },
    { type: 'Containers', total: containers.length, active: containers.length, bytes: sum(containers), reclaimable: 0 },
    {
      type: 'Build Cache',
      total: cache.length,
      active: cache.filter(({ shared }) => shared).length,
      bytes: sum(cache),
      reclaimable: sum(cache),
    },
    { type: 'Cache Mounts', total: cacheMounts.length, active: 0, bytes: sum(cacheMounts), reclaimable: sum(cacheMounts) },
    { type: 'Unused', total: 0, active: 0, bytes: other, reclaimable: other },
    { type: 'Logs', total: 0, active: 0, bytes: usage.logBytes, reclaimable: 0 },
  ];
}

function share({ bytes, reclaimable }: Row): string {
  const percent = bytes === 0 ? 0 : Math.round((100 * reclaimable) / bytes);
  return `${formatSize(reclaimable)} (${percent}%)`;
}

function formatSummary(rows: readonly Row[]): string {
  const lines = rows.map((row) => [row.type, String(row.total), String(row.active), formatSize(row.bytes), share(row)]);
  return formatTable([['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE'], ...lines]);
}

/** The keys of `podman system df --format json`. */
function toJson({ type, total, active, bytes, reclaimable }: Row) {
  return {
    Type: type,
    Total: total,
    Active: active,
    RawSize: bytes,
    RawReclaimable: reclaimable,
    Size: formatSize(bytes),
    Reclaimable: formatSize(reclaimable),
  };
}

function templateRow(row: Row) {
  return { ...toJson(row), Reclaimable: share(row) };
}

function formatDetails({ images, containers, cacheMounts }: Usage, now: Date): string {
  const imageRows = images.flatMap((image) => {
    const names = image.names.length > 0 ? image.names : ['<none>'];
    const created = image.created === undefined ? 'unknown' : formatAge(image.created, now);
    const unique = formatSize(image.sizeBytes - image.sharedBytes);
    const sizes = [formatSize(image.sizeBytes), formatSize(image.sharedBytes), unique];
    return names.map((name) => [name, shortId(image.id), created, ...sizes, String(image.containers.length)]);
  });
  const containerRows = containers.map(({ id, name, sizeBytes }) => [name, shortId(id), formatSize(sizeBytes)]);
  const mountRows = cacheMounts.map(({ identity, sizeBytes, usedAt }) => [
    identity.id,
    identity.platform,
    formatSize(sizeBytes),
    formatAge(usedAt, now),
  ]);
  return [
    `Images:\n${formatTable([['NAME', 'IMAGE ID', 'CREATED', 'SIZE', 'SHARED', 'UNIQUE', 'CONTAINERS'], ...imageRows])}`,
    `Containers:\n${formatTable([['NAME', 'CONTAINER ID', 'SIZE'], ...containerRows])}`,
    `Cache mounts:\n${formatTable([['ID', 'PLATFORM', 'SIZE', 'LAST USED'], ...mountRows])}`,
  ].join('\n');
}
