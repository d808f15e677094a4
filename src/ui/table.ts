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
  const pad = (cell: string, column: number): string => cell + ' '.repeat((widths[column] ?? 0) - width(cell) + GAP);
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : pad(cell, column))).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** Names of images are ASCII, so characters are counted; a library that knows wide ones costs more time than the rest of a start. */
function width(cell: string): number {
  return [...cell].length;
}
