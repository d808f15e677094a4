import { UsageError } from '../../errors.js';
import type { ImageRow } from '../../operations/images.js';

type Test = (row: ImageRow) => boolean;

/** The rows that pass all of `filters`, each `KEY=VALUE`. @throws {UsageError} an unknown key or a value without meaning */
export function filterImages(rows: readonly ImageRow[], filters: readonly string[]): readonly ImageRow[] {
  const tests = filters.map((filter) => parseFilter(filter, rows));
  return rows.filter((row) => tests.every((test) => test(row)));
}

function parseFilter(filter: string, rows: readonly ImageRow[]): Test {
  const at = filter.indexOf('=');
  if (at === -1) throw new UsageError(`invalid image filter "${filter}": must be in the format "filter=value"`);
  const key = filter.slice(0, at);
  const value = filter.slice(at + 1);
  switch (key) {
    case 'dangling': {
      const wanted = parseBoolean(key, value);
      return (row) => (row.names.length === 0) === wanted;
    }
    case 'readonly': {
      // No image of this store is.
      const wanted = parseBoolean(key, value);
      return () => !wanted;
    }
    case 'id':
      return (row) => row.id.startsWith(value.replace(/^sha256:/, ''));
    case 'reference':
      return (row) => row.names.some((name) => matchesReference(name, value));
    case 'before': {
      const limit = createdMs(findRow(rows, value));
      return (row) => createdMs(row) < limit;
    }
    case 'after':
    case 'since': {
      const limit = createdMs(findRow(rows, value));
      return (row) => createdMs(row) > limit;
    }
    case 'label': {
      const equals = value.indexOf('=');
      const [label, wanted] = equals === -1 ? [value, undefined] : [value.slice(0, equals), value.slice(equals + 1)];
      return (row) => Object.hasOwn(row.labels, label) && (wanted === undefined || row.labels[label] === wanted);
    }
    case 'intermediate': {
      // Steps leave layers behind here, never images.
      const wanted = parseBoolean(key, value);
      return () => !wanted;
    }
    default:
      throw new UsageError(`unsupported image filter "${key}"`, {
        hint: 'Known keys: before, dangling, id, intermediate, label, readonly, reference, since',
      });
  }
}

function findRow(rows: readonly ImageRow[], text: string): ImageRow {
  const id = text.replace(/^sha256:/, '');
  const found = rows.find((row) => row.names.some((name) => matchesReference(name, text))) ?? rows.find((row) => row.id.startsWith(id));
  if (found === undefined) throw new UsageError(`${text}: image not known`);
  return found;
}

/** `*` and `?` as in a shell, over the whole name or its end, with or without the tag. */
function matchesReference(name: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  const repository = name.slice(0, name.lastIndexOf(':'));
  const matcher = new RegExp(`(?:^|/)${source}$`);
  return matcher.test(name) || matcher.test(repository);
}

function createdMs(row: ImageRow): number {
  return row.created?.getTime() ?? 0;
}

function parseBoolean(key: string, value: string): boolean {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new UsageError(`invalid filter "${key}=${value}": it must be true or false`);
}
