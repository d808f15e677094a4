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
  if (!line.startsWith('#')) return undefined;
  const match = DIRECTIVE.exec(line);
  const name = match?.[1]?.toLowerCase();
  const value = match?.[2] ?? '';
  return name === 'syntax' || name === 'check' || name === 'escape' ? { name, value } : undefined;
}

/**
 * The frontend that a text asks for in a way only the choice of a frontend knows: behind a `#!` line, as `// syntax=`, or as a member of JSON.
 *
 * @see https://github.com/moby/buildkit/blob/master/frontend/dockerfile/docs/reference.md#syntax
 */
export function syntaxElsewhere(text: string): string | undefined {
  if (!text.toLowerCase().includes('syntax')) return undefined;
  const lines = text.replace(/^\ufeff/, '').split('\n', MAX_SYNTAX_LINES);
  if (lines[0]?.startsWith('#!') === true) lines.shift();
  for (const line of lines) {
    const match = /^(#|\/\/)\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(line.trim());
    if (match === null) break;
    if (match[2]?.toLowerCase() === 'syntax') return match[3];
  }
  return /^\s*\{[\s\S]*?"syntax"\s*:\s*"([^"\\]+)"/.exec(text.slice(0, MAX_JSON_HEAD))?.[1];
}

const MAX_SYNTAX_LINES = 32;
const MAX_JSON_HEAD = 4096;
