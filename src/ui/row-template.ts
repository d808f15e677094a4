import { formatTable } from './table.js';
import { executeTemplate } from './template/index.js';

/**
 * Rows by a Go template, one after the other; `table ` in front asks for headings. Fields with blanks between them are aligned, as in Buildah.
 *
 * @param headings by field of the template
 */
export function formatRows(
  format: string,
  rows: readonly Readonly<Record<string, unknown>>[],
  headings: Readonly<Record<string, string>>,
  { noHeading }: { readonly noHeading: boolean },
): string {
  const withHeading = format.startsWith('table ');
  const template = (withHeading ? format.slice(6).trimStart() : format)
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n')
    .replace(/\}\} +\{\{/g, '}}\t{{');
  const all = [...(withHeading && !noHeading ? [headings] : []), ...rows];
  return formatTable(all.flatMap((fields) => executeTemplate(template, fields).split('\n')).map((line) => line.split('\t')));
}
