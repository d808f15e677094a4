import { UsageError } from '../../errors.js';
import { parseGoDuration, parseSize } from '../../parser/index.js';

/** What `prune --filter` asks of a thing before it may go. Every filter must hold; left out, all things hold it. */
export interface PruneFilters {
  /** Made before this moment; of a cache mount, last used before it. */
  readonly until?: Date;
  /** Last used before this moment. The store does not know when an image was used last, so with this none goes. */
  readonly unusedSince?: Date;
  /** At least so many bytes that go with it. */
  readonly minBytes?: number;
  /** Labels that an image has, and those it has not. With them nothing but images goes. */
  readonly labels: readonly LabelFilter[];
}

export interface LabelFilter {
  readonly name: string;
  /** Undefined: whatever its value. */
  readonly value: string | undefined;
  readonly present: boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * `until=24h`, `unused-for=30d`, `size=100MB`, `label=NAME[=VALUE]`, `label!=NAME[=VALUE]`.
 *
 * @throws {UsageError} another key, or a value without meaning
 */
export function parsePruneFilters(filters: readonly string[], now: Date): PruneFilters {
  let until: Date | undefined;
  let unusedSince: Date | undefined;
  let minBytes: number | undefined;
  const labels: LabelFilter[] = [];
  for (const filter of filters) {
    const [, key, not, value] = /^([a-z-]+)(!?)=(.*)$/s.exec(filter) ?? [];
    if (key === 'label') labels.push(parseLabel(value!, not !== '!'));
    else if (key === undefined || not === '!') throw badFilter(filter, 'it is not of the form KEY=VALUE');
    else if (key === 'until') until = parseMoment(filter, value!, now);
    else if (key === 'unused-for') unusedSince = new Date(now.getTime() - parseAge(filter, value!));
    else if (key === 'size') minBytes = parseBytes(filter, value!);
    else throw badFilter(filter, `unknown key "${key}"`);
  }
  return {
    labels,
    ...(until === undefined ? {} : { until }),
    ...(unusedSince === undefined ? {} : { unusedSince }),
    ...(minBytes === undefined ? {} : { minBytes }),
  };
}

/**
 * A time span in milliseconds: as Go writes it (`36h`, `1h30m`), or in days (`30d`).
 *
 * @returns undefined for what is none, or a negative one
 */
export function parseSpan(text: string): number | undefined {
  const days = /^(\d{1,6})d$/.exec(text)?.[1];
  if (days !== undefined) return Number(days) * DAY_MS;
  try {
    const milliseconds = parseGoDuration(text) / 1e6;
    return milliseconds < 0 ? undefined : milliseconds;
  } catch {
    return undefined;
  }
}

function parseLabel(text: string, present: boolean): LabelFilter {
  const at = text.indexOf('=');
  return at === -1 ? { name: text, value: undefined, present } : { name: text.slice(0, at), value: text.slice(at + 1), present };
}

function parseMoment(filter: string, text: string, now: Date): Date {
  const span = parseSpan(text);
  if (span !== undefined) return new Date(now.getTime() - span);
  const seconds = /^\d{6,12}$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(seconds)) throw badFilter(filter, `"${text}" is neither a time span nor a moment`);
  return new Date(seconds);
}

function parseAge(filter: string, text: string): number {
  const span = parseSpan(text);
  if (span === undefined) throw badFilter(filter, `"${text}" is no time span`);
  return span;
}

function parseBytes(filter: string, text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw badFilter(filter, `"${text}" is no size`);
  return bytes;
}

function badFilter(filter: string, problem: string): UsageError {
  return new UsageError(`invalid filter "${filter}": ${problem}`, {
    hint: 'Known: until=24h, until=2026-01-31, unused-for=30d, size=100MB, label=NAME[=VALUE], label!=NAME[=VALUE]',
  });
}
