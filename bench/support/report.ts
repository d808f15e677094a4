/** One line of the table: the same work by us and by a peer. */
export interface Result {
  readonly work: string;
  readonly unit: 'ms' | 'µs' | 'MiB' | 'ratio';
  readonly ours: number;
  readonly peer?: number;
  readonly peerName?: string;
  /** The goal, in words. */
  readonly goal: string;
}

export function formatTable(results: readonly Result[]): string {
  const rows = [['work', 'tsbuild', 'peer', 'ratio', 'goal'], ...results.map(cells)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cells(result: Result): string[] {
  const show = (value: number): string =>
    `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${result.unit === 'ratio' ? 'x' : result.unit}`;
  const peer = result.peer === undefined ? '-' : `${show(result.peer)} (${result.peerName})`;
  const ratio = result.peer === undefined ? '-' : (result.ours / result.peer).toFixed(2);
  return [result.work, show(result.ours), peer, ratio, result.goal];
}
