import { formatValue, goType, quote } from './go-format.js';
import type { Fail } from './lexer.js';
import { sprintf } from './sprintf.js';

export type TemplateFunction = (fail: Fail, ...values: unknown[]) => unknown;

/**
 * Go's predefined functions and those podman and Docker add. `and` and `or` are not here: they do not evaluate all their arguments.
 *
 * @see https://pkg.go.dev/text/template#hdr-Functions
 * @see https://github.com/containers/common/blob/main/pkg/report/template.go
 */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  not: (fail, ...values) => {
    if (values.length !== 1) fail(`wrong number of args for not: want 1 got ${values.length}`);
    return !isTrue(values[0]);
  },
  eq: (fail, first, ...others) => {
    if (others.length === 0) fail('missing argument for comparison');
    return others.some((other) => equal(first, other, fail));
  },
  ne: (fail, a, b) => !equal(a, b, fail),
  lt: (fail, a, b) => compare(a, b, fail) < 0,
  le: (fail, a, b) => compare(a, b, fail) <= 0,
  gt: (fail, a, b) => compare(a, b, fail) > 0,
  ge: (fail, a, b) => compare(a, b, fail) >= 0,
  len: (fail, value) => length(value, fail),
  index: (fail, value, ...keys) => keys.reduce((found, key) => elementAt(found, key, fail), value),
  slice: (fail, value, from, to) => slice(value, from, to, fail),
  // Nothing that templates are given is a function: Go's own refusal.
  call: (fail, called) => {
    const isNothing = called === undefined || called === null;
    return fail(isNothing ? 'call of nil' : `non-function ${formatValue(called)} of type ${goType(called)}`);
  },
  print: (_, ...values) => print(values),
  println: (_, ...values) => `${values.map(formatValue).join(' ')}\n`,
  printf: (fail, format, ...values) => sprintf(text(format, fail), values),
  json: (_, value) => JSON.stringify(value ?? null),
  join: (fail, list, separator) => joinList(list, separator, fail),
  split: (fail, value, separator) => text(value, fail).split(text(separator, fail)),
  lower: (fail, value) => text(value, fail).toLowerCase(),
  upper: (fail, value) => text(value, fail).toUpperCase(),
  title: (fail, value) =>
    text(value, fail).replace(/(^|[^\p{L}\p{Nd}_])(\p{Ll})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  pad: (fail, value, before, after) => (value === '' ? '' : ' '.repeat(Number(before)) + text(value, fail) + ' '.repeat(Number(after))),
  truncate: (fail, value, length) => text(value, fail).slice(0, Number(length)),
  quote: (_, value) => quote(value),
  html: (_, ...values) => escapeWith(print(values), /[<>&"'\0]/g, HTML),
  js: (_, ...values) => print(values).replace(/[\\'"<>&=\p{Cc}]/gu, escapeScript),
  urlquery: (_, ...values) => encodeURIComponent(print(values)).replace(/%20|[!'()*]/g, escapeQuery),
};

const HTML: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&#34;', "'": '&#39;', '\0': '\uFFFD' };

function escapeWith(text: string, characters: RegExp, replacements: Readonly<Record<string, string>>): string {
  return text.replace(characters, (char) => replacements[char] ?? char);
}

function escapeScript(char: string): string {
  if (char === '\\' || char === "'" || char === '"') return `\\${char}`;
  return `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** What Go's url.QueryEscape writes otherwise than JavaScript. */
function escapeQuery(char: string): string {
  return char === '%20' ? '+' : `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** Go's fmt.Sprint: a blank between two values of which neither is a text. */
function print(values: readonly unknown[]): string {
  return values
    .map((value, at) => (at > 0 && typeof value !== 'string' && typeof values[at - 1] !== 'string' ? ' ' : '') + formatValue(value))
    .join('');
}

/** Lists and maps cannot be compared in Go, nor can values of different types. */
function equal(a: unknown, b: unknown, fail: Fail): boolean {
  const kind = (value: unknown): string => (value === null || value === undefined ? 'nil' : typeof value);
  const [first, second] = [kind(a), kind(b)];
  if (first === 'nil' || second === 'nil') return first === second;
  if (first === 'object' || second === 'object') {
    return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : fail('non-comparable type in comparison');
  }
  return first === second ? a === b : fail('incompatible types for comparison');
}

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
