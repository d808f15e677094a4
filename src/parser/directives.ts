/** What the comments at the top of the file say to the parser. */
export interface Directives {
  /** Frontend image the file asks for; its command line, if any, is left out. */
  readonly syntax?: string;
  /** Options of the build checks, unparsed: `skip=A,B;error=true`. */
  readonly check?: string;
  readonly escape: Escape;
}

/** The character that continues lines and takes the special meaning from the next one. */
export type Escape = '\\' | '`';

export interface ParsedDirective {
  readonly name: 'syntax' | 'check' | 'escape';
  readonly value: string;
}

const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;

/** The directive on `line`, or `undefined` when it holds none that BuildKit knows: that line ends the search for good. */
export function parseDirective(line: string): ParsedDirective | undefined {
  const match = DIRECTIVE.exec(line);
  const name = match?.[1]?.toLowerCase();
  const value = match?.[2] ?? '';
  return name === 'syntax' || name === 'check' || name === 'escape' ? { name, value } : undefined;
}
