/**
 * The fields of one line of comma-separated values: a field that begins with `"` runs to the closing quote, where `""` is a quote.
 * @returns `undefined` when a quote stands where it may not
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export function parseCsvLine(line: string): string[] | undefined {
  const fields: string[] = [];
  let position = 0;
  for (;;) {
    let field = '';
    if (line.charAt(position) === '"') {
      const end = closingQuote(line, position + 1);
      if (end === -1) return undefined;
      field = line.slice(position + 1, end).replaceAll('""', '"');
      position = end + 1;
      if (position < line.length && line.charAt(position) !== ',') return undefined;
    } else {
      const comma = line.indexOf(',', position);
      field = line.slice(position, comma === -1 ? undefined : comma);
      if (field.includes('"')) return undefined;
      position += field.length;
    }
    fields.push(field);
    if (position >= line.length) return fields;
    position++;
  }
}

function closingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at !== -1; at = line.indexOf('"', at + 2)) if (line.charAt(at + 1) !== '"') return at;
  return -1;
}
