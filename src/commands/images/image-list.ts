import { UsageError } from '../../errors.js';
import { goTime } from '../../operations/image/go-time.js';
import type { ImageRow } from '../../operations/images.js';
import { formatAge, formatGoTime, formatRows, formatSize, formatTable, shortId } from '../../ui/index.js';

export interface ImageListFlags {
  readonly digests?: boolean;
  readonly format?: string | undefined;
  readonly history?: boolean;
  readonly json?: boolean;
  readonly 'no-trunc'?: boolean;
  readonly noheading?: boolean;
  readonly quiet?: boolean;
}

/** Images as text, in the ways of `buildah images`. @throws {UsageError} two ways at once */
export function formatImages(rows: readonly ImageRow[], flags: ImageListFlags, now: Date): string {
  if (flags.quiet === true && flags.format !== undefined) throw new UsageError('quiet and format are mutually exclusive');
  if (flags.json === true || flags.format === 'json') return formatJson(rows, flags, now);
  if (flags.quiet === true) return rows.map((row) => `${idText(row, flags)}\n`).join('');
  if (flags.format !== undefined) {
    const fields = rows.flatMap((row) => fieldsOf(row, flags, now));
    return formatRows(flags.format, fields, HEADINGS, { noHeading: flags.noheading === true });
  }
  const digest = flags.digests === true ? ['Digest'] : [];
  const history = flags.history === true ? ['History'] : [];
  return formatColumns(rows, flags, ['Name', 'Tag', ...digest, 'ID', 'CreatedAt', 'Size', ...history], now);
}

/** Headings by field of the template. */
const HEADINGS = {
  Name: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  CreatedAt: 'CREATED',
  CreatedAtRaw: 'CREATED',
  Size: 'SIZE',
  Created: 'CREATED',
  ReadOnly: 'READONLY',
  History: 'HISTORY',
} as const;

type Fields = Readonly<Record<keyof typeof HEADINGS, string | number | boolean>>;

function formatColumns(rows: readonly ImageRow[], flags: ImageListFlags, columns: readonly string[], now: Date): string {
  const names = columns as readonly (keyof typeof HEADINGS)[];
  const heading = flags.noheading === true ? [] : [names.map((name) => HEADINGS[name])];
  const lines = rows.flatMap((row) => fieldsOf(row, flags, now)).map((fields) => names.map((name) => String(fields[name])));
  return formatTable([...heading, ...lines]);
}

function formatJson(rows: readonly ImageRow[], flags: ImageListFlags, now: Date): string {
  const documents = rows.map((row) => ({
    id: idText(row, flags),
    names: row.names.length === 0 ? null : row.names,
    digest: row.digest,
    createdat: ageText(row, now),
    size: formatSize(row.sizeBytes),
    created: createdSeconds(row),
    createdatraw: goTime((row.created ?? new Date(0)).toISOString()),
    readonly: false,
    history: null,
  }));
  return `${JSON.stringify(documents, null, 4)}\n`;
}

function fieldsOf(row: ImageRow, flags: ImageListFlags, now: Date): readonly Fields[] {
  const names = row.names.length === 0 ? [undefined] : row.names;
  return names.map((name) => {
    const [repository, tag] = splitName(name);
    return {
      Name: repository,
      Tag: tag,
      Digest: row.digest,
      ID: idText(row, flags),
      CreatedAt: ageText(row, now),
      CreatedAtRaw: row.created === undefined ? '' : formatGoTime(row.created),
      Size: formatSize(row.sizeBytes),
      Created: createdSeconds(row),
      ReadOnly: false,
      History: '<none>',
    };
  });
}

function splitName(name: string | undefined): [string, string] {
  if (name === undefined) return ['<none>', '<none>'];
  const colon = name.lastIndexOf(':');
  // A colon before the last slash belongs to a port.
  return colon > name.lastIndexOf('/') ? [name.slice(0, colon), name.slice(colon + 1)] : [name, '<none>'];
}

function idText(row: ImageRow, flags: ImageListFlags): string {
  return flags['no-trunc'] === true ? `sha256:${row.id}` : shortId(row.id);
}

/** Since 1970. */
function createdSeconds({ created }: ImageRow): number {
  return created === undefined ? 0 : Math.floor(created.getTime() / 1000);
}

function ageText(row: ImageRow, now: Date): string {
  return row.created === undefined ? 'unknown' : formatAge(row.created, now);
}
