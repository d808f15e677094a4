import { printable } from './messages.js';

interface ShownFinding {
  readonly rule: string;
  readonly message: string;
  readonly line: number;
}

/** The findings of a build, a line each, as BuildKit's users know them. */
export function formatFindingLines(findings: readonly ShownFinding[]): string {
  const count = findings.length === 1 ? '1 warning' : `${findings.length} warnings`;
  const lines = findings.map(({ rule, message, line }) => ` - ${rule}: ${message} (line ${line})\n`);
  return printable(`\n ${count} found (tsbuild build --check shows more):\n${lines.join('')}`);
}
