import { UsageError } from '../../errors.js';
import type { ContainerRow } from '../../operations/containers.js';
import { formatRows } from '../../ui/index.js';

export interface ContainerListFlags {
  readonly format?: string | undefined;
  readonly json?: boolean;
  readonly noheading?: boolean;
  readonly notruncate?: boolean;
  readonly quiet?: boolean;
}

const HEADINGS = {
  ContainerID: 'CONTAINER ID',
  Builder: 'BUILDER',
  ImageID: 'IMAGE ID',
  ImageName: 'IMAGE NAME',
  ContainerName: 'CONTAINER NAME',
};

/** Working containers as text, in the ways of `buildah containers`. @throws {UsageError} two ways at once */
export function formatContainers(rows: readonly ContainerRow[], flags: ContainerListFlags): string {
  if (flags.quiet === true && flags.format !== undefined) throw new UsageError('quiet and format are mutually exclusive');
  if (flags.json === true || flags.format === 'json') return formatJson(rows);
  if (flags.quiet === true) return rows.map(({ id }) => `${id}\n`).join('');
  if (flags.format !== undefined) {
    const fields = rows.map(({ id, name, imageId, imageName }) => {
      return { ContainerID: id, Builder: '   *', ImageID: imageId, ImageName: imageName, ContainerName: name };
    });
    return formatRows(flags.format, fields, HEADINGS, { noHeading: flags.noheading === true });
  }
  return formatColumns(rows, flags);
}

function formatJson(rows: readonly ContainerRow[]): string {
  const documents = rows.map(({ id, name, imageId, imageName }) => {
    return { id, builder: true, imageid: imageId, imagename: imageName, containername: name };
  });
  return `${JSON.stringify(documents, null, 4)}\n`;
}

/** The widths are Buildah's, whose scripts cut lines by columns. */
function formatColumns(rows: readonly ContainerRow[], { noheading, notruncate }: ContainerListFlags): string {
  const whole = notruncate === true;
  const width = whole ? 64 : 12;
  const gap = whole ? ' ' : '  ';
  const line = (id: string, builder: string, imageId: string, imageName: string, name: string): string =>
    `${id.slice(0, width).padEnd(width)}${gap}${builder.padEnd(8)} ${imageId.slice(0, width).padEnd(width)} ${imageName.padEnd(32)} ${name}\n`;
  const heading = noheading === true ? '' : line('CONTAINER ID', 'BUILDER', 'IMAGE ID', 'IMAGE NAME', 'CONTAINER NAME');
  const lines = rows.map(({ id, name, imageId, imageName }) => line(id, '   *', imageId, whole ? imageName : cut(imageName), name));
  return heading + lines.join('');
}

function cut(name: string): string {
  return name.length <= 32 ? name : `${name.slice(0, 29)}...`;
}
