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

/** The name of a value's type in Go. */
export function goType(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (Array.isArray(value)) return '[]interface {}';
  return value === null || value === undefined ? '<nil>' : 'map[string]interface {}';
}
