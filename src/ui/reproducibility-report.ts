import { printable } from './messages.js';

/** In what two builds differ, as `verifyReproducible` tells it. */
export interface Differences {
  readonly values: readonly { readonly name: string; readonly first: string; readonly second: string }[];
  readonly layers: readonly {
    readonly position: number;
    readonly createdBy: string;
    readonly first: string;
    readonly second: string;
    readonly files: readonly {
      readonly path: string;
      readonly kind: 'only-first' | 'only-second' | 'changed';
      readonly fields: readonly { readonly name: string; readonly first: string; readonly second: string }[];
    }[];
  }[];
}

/** Files shown of one layer: what repeats a hundred times says nothing new. */
const MOST_FILES = 50;

/** The report of a build that is not reproducible. */
export function formatDifferences(firstId: string, secondId: string, { values, layers }: Differences): string {
  const lines = [`Not reproducible: two builds gave ${firstId} and ${secondId}`];
  for (const { name, first, second } of values) lines.push(`  ${name}: ${orNothing(first)} / ${orNothing(second)}`);
  for (const layer of layers) lines.push(...layerLines(layer));
  if (hasTimes(values, layers)) lines.push('Times differ: --source-date-epoch N --rewrite-timestamp, or --timestamp N, decides them');
  return `${printable(lines.join('\n'))}\n`;
}

function hasTimes(values: Differences['values'], layers: Differences['layers']): boolean {
  return (
    values.some(({ name }) => /(?:^| )created$/.test(name)) ||
    layers.some(({ files }) => files.some(({ fields }) => fields.some(({ name }) => name === 'mtime')))
  );
}

function layerLines({ position, createdBy, first, second, files }: Differences['layers'][number]): string[] {
  const head = `  layer ${position}${createdBy === '' ? '' : ` (${createdBy.trim()})`}: ${orNothing(first)} / ${orNothing(second)}`;
  if (files.length === 0) return [head, '    the same files, compressed to other bytes'];
  const shown = files.slice(0, MOST_FILES).map(({ path, kind, fields }) => {
    if (kind !== 'changed') return `    ${path}: only in the ${kind === 'only-first' ? 'first' : 'second'} build`;
    return `    ${path}: ${fields.map((field) => `${field.name} ${field.first} / ${field.second}`).join(', ')}`;
  });
  const left = files.length - shown.length;
  return [head, ...shown, ...(left > 0 ? [`    and ${left} more files`] : [])];
}

function orNothing(text: string): string {
  return text === '' ? 'nothing' : text;
}
