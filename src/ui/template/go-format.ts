import { formatGoTime } from '../human.js';

/** What Go prints for a value that is not there. */
export const NO_VALUE = '<no value>';

/** A value as Go's `%v`: `[a b]` for lists, `map[k:v]` sorted by key for maps. */
export function formatValue(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(formatValue).join(' ')}]`;
  if (value instanceof Date) return formatGoTime(value);
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, item]) => `${key}:${formatElement(item)}`).join(' ')}]`;
}

/** Inside a map, an object without members is Go's `struct{}`: a set such as ExposedPorts has these as its values. */
function formatElement(value: unknown): string {
  const isSetMember = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
  return isSetMember && !(value instanceof Date) ? '{}' : formatValue(value);
}

/** A text as Go's `%q`; lists element by element. */
export function quote(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(quote).join(' ')}]`;
  if (typeof value === 'number') return `'${String.fromCodePoint(value)}'`;
  if (typeof value !== 'string') return formatValue(value);
  // JSON escapes what Go does, but for the characters Go has short names for, and those it writes as \x and JSON as \u00.
  return JSON.stringify(value).replace(/\\u00([01][0-9a-f])/g, (_, hex: string) => ({ '07': '\\a', '0b': '\\v' })[hex] ?? `\\x${hex}`);
}

const VERB = /%([-+# 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;

/** Go's `fmt.Sprintf`, for the verbs templates use. Wrong verbs and missing arguments come out as Go writes them. @see https://pkg.go.dev/fmt */
export function sprintf(format: string, values: readonly unknown[]): string {
  let used = 0;
  const text = format.replace(VERB, (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    if (used >= values.length) return `%!${verb}(MISSING)`;
    const shown = formatVerb(verb, values[used++], precision === undefined ? undefined : Number(precision));
    return padTo(shown, Number(width ?? 0), flags, verb);
  });
  const extra = values.slice(used).map((value) => `${goType(value)}=${formatValue(value)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

function formatVerb(verb: string, value: unknown, precision: number | undefined): string {
  const isNumber = typeof value === 'number';
  if (verb === 'v') return formatValue(value);
  if (verb === 's' && !isNumber && typeof value !== 'boolean') return formatValue(value).slice(0, precision);
  if (verb === 'q') return quote(value);
  if (verb === 'd' && isNumber) return String(Math.trunc(value));
  if (verb === 'f' && isNumber) return value.toFixed(precision ?? 6);
  if (verb === 't' && typeof value === 'boolean') return String(value);
  if (verb === 'x' && isNumber) return value.toString(16);
  if (verb === 'x' && typeof value === 'string') return Buffer.from(value).toString('hex');
  if (verb === 'T') return goType(value);
  return `%!${verb}(${goType(value)}=${formatValue(value)})`;
}

function padTo(text: string, width: number, flags: string, verb: string): string {
  if (flags.includes('-')) return text.padEnd(width);
  return text.padStart(width, flags.includes('0') && 'dfx'.includes(verb) ? '0' : ' ');
}

function goType(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (Array.isArray(value)) return '[]interface {}';
  return value === null || value === undefined ? '<nil>' : 'map[string]interface {}';
}
