import { formatValue, quote, sprintf } from './go-format.js';
import type { Fail } from './lexer.js';

export type TemplateFunction = (fail: Fail, ...values: unknown[]) => unknown;

/**
 * Go's predefined functions and those podman and Docker add. `and` and `or` are not here: they do not evaluate all their arguments.
 *
 * @see https://pkg.go.dev/text/template#hdr-Functions
 * @see https://github.com/containers/common/blob/main/pkg/report/template.go
 */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  not: (_, value) => !isTrue(value),
  eq: (_, first, ...others) => others.some((other) => formatValue(other) === formatValue(first) && typeof other === typeof first),
  ne: (_, a, b) => formatValue(a) !== formatValue(b),
  lt: (fail, a, b) => compare(a, b, fail) < 0,
  le: (fail, a, b) => compare(a, b, fail) <= 0,
  gt: (fail, a, b) => compare(a, b, fail) > 0,
  ge: (fail, a, b) => compare(a, b, fail) >= 0,
  len: (fail, value) => length(value, fail),
  index: (fail, value, ...keys) => keys.reduce((found, key) => elementAt(found, key, fail), value),
  slice: (fail, value, from, to) => slice(value, from, to, fail),
  print: (_, ...values) => values.map(formatValue).join(''),
  println: (_, ...values) => `${values.map(formatValue).join(' ')}\n`,
  printf: (fail, format, ...values) => sprintf(text(format, fail), values),
  json: (_, value) => JSON.stringify(value ?? null),
  join: (fail, list, separator) => joinList(list, separator, fail),
  split: (fail, value, separator) => text(value, fail).split(text(separator, fail)),
  lower: (fail, value) => text(value, fail).toLowerCase(),
  upper: (fail, value) => text(value, fail).toUpperCase(),
  title: (fail, value) => text(value, fail).replace(/(^|\s)(\S)/g, (_, blank: string, letter: string) => blank + letter.toUpperCase()),
  pad: (fail, value, before, after) => ' '.repeat(Number(before)) + text(value, fail) + ' '.repeat(Number(after)),
  truncate: (fail, value, length) => text(value, fail).slice(0, Number(length)),
  quote: (_, value) => quote(value),
};

/** Go's notion: zero, the empty text, the empty list and map, and nothing at all are false. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) return Object.keys(value).length > 0;
  return Boolean(value);
}

function text(value: unknown, fail: Fail): string {
  return typeof value === 'string' ? value : fail(`${formatValue(value)} is not a text`);
}

function length(value: unknown, fail: Fail): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  return fail(`len of ${formatValue(value)}`);
}

/** A missing key of a map is the empty text there, since almost all maps hold texts; an index outside a list is an error. */
function elementAt(value: unknown, key: unknown, fail: Fail): unknown {
  if (Array.isArray(value) || typeof value === 'string') {
    if (typeof key !== 'number') return fail(`cannot index with ${formatValue(key)}`);
    if (!Number.isInteger(key) || key < 0 || key >= value.length) return fail(`index out of range: ${key}`);
    return typeof value === 'string' ? value.charCodeAt(key) : value[key];
  }
  if (typeof value === 'object' && value !== null) {
    const name = text(key, fail);
    return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : '';
  }
  return value === undefined || value === null ? fail('index of untyped nil') : fail(`cannot index ${formatValue(value)}`);
}

function slice(value: unknown, from: unknown, to: unknown, fail: Fail): unknown {
  if (typeof value !== 'string' && !Array.isArray(value)) return fail(`cannot slice ${formatValue(value)}`);
  const start = from === undefined ? 0 : Number(from);
  const end = to === undefined ? value.length : Number(to);
  if (!(start >= 0 && start <= end && end <= value.length)) return fail(`slice bounds out of range: ${start} to ${end}`);
  return value.slice(start, end);
}

/** podman's order is (list, separator); with a pipe the list comes last, so both are understood. */
function joinList(first: unknown, second: unknown, fail: Fail): string {
  const [list, separator] = Array.isArray(second) ? [second, first] : [first, second];
  if (!Array.isArray(list)) return fail(`join of ${formatValue(list)}`);
  return list.map(formatValue).join(separator === undefined ? '' : text(separator, fail));
}

function compare(a: unknown, b: unknown, fail: Fail): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return fail(`cannot compare ${formatValue(a)} and ${formatValue(b)}`);
}
