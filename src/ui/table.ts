import stringWidth from 'string-width';

const GAP = 3;

/** Rows as lines with aligned columns, three blanks between them; the last column is as long as it is. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    // A last cell has nothing after it to align.
    row.slice(0, -1).forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(cell));
    });
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0))).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}

function pad(cell: string, columnWidth: number): string {
  return cell + ' '.repeat(columnWidth - width(cell) + GAP);
}

function width(cell: string): number {
  return /^[\x20-\x7e]*$/.test(cell) ? cell.length : stringWidth(cell);
}
