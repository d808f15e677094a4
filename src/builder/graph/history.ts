import type { Healthcheck } from '../../image/index.js';
import { withoutPasswords } from '../../parser/index.js';
import type { StepSource } from './step.js';

// What BuildKit writes into `created_by`: see docs/containerfile.md, "History". Its layers, unlike its metadata, are marked.
const MARK = ' # buildkit';

/** @param args those that were declared, in that order */
export function runHistory(argv: readonly string[], args: readonly (readonly [name: string, value: string])[]): string {
  const given = args.length === 0 ? [] : [`|${args.length}`, ...args.map(([name, value]) => `${name}=${value}`)];
  return `RUN ${[...given, ...argv].join(' ')}${MARK}`;
}

interface CopyWords {
  readonly sources: readonly StepSource[];
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly parents?: boolean;
}

/** @param destination as written, variables replaced */
export function copyHistory(keyword: 'COPY' | 'ADD', { sources, chown, chmod, parents }: CopyWords, destination: string): string {
  const flags = [
    ...(parents === true ? ['--parents'] : []),
    ...(chown === undefined ? [] : [`--chown=${chown}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod}`]),
  ];
  // Files that are written in the Containerfile come last.
  const named = sources.flatMap((source) =>
    source.kind === 'text' ? [] : [source.kind === 'path' ? source.path : source.kind === 'git' ? source.url.text : source.url],
  );
  const written = sources.flatMap((source) => (source.kind === 'text' ? [`<<${source.name}`] : []));
  return withoutPasswords(`${[keyword, ...flags, ...named, ...written, destination].join(' ')}${MARK}`);
}

export function pairsHistory(keyword: 'ENV' | 'LABEL', pairs: readonly (readonly [name: string, value: string])[]): string {
  return [keyword, ...pairs.map(([name, value]) => `${name}=${value}`)].join(' ');
}

/** A list as Go prints it, quoted. */
export function commandHistory(keyword: 'CMD' | 'ENTRYPOINT', argv: readonly string[]): string {
  return `${keyword} [${argv.map(quoted).join(' ')}]`;
}

export function listHistory(keyword: 'EXPOSE' | 'VOLUME' | 'SHELL', words: readonly string[]): string {
  return `${keyword} [${words.join(' ')}]`;
}

export function healthcheckHistory({ Test, Interval, Timeout, StartPeriod, StartInterval, Retries }: Healthcheck): string {
  const times = { Interval, Timeout, StartPeriod, StartInterval };
  const shown = Object.entries(times).map(([name, nanoseconds]) => `${name}:${goDuration(nanoseconds ?? 0)}`);
  return `HEALTHCHECK {Test:[${(Test ?? []).join(' ')}] ${shown.join(' ')} Retries:${Retries ?? 0}}`;
}

/** Go's %q: as JSON, but for control characters. */
function quoted(text: string): string {
  const named: Readonly<Record<string, string>> = { '\\u0007': '\\a', '\\u000b': '\\v' };
  return JSON.stringify(text)
    .replace(/\\u00[01][0-9a-f]/g, (code) => named[code] ?? code.replace('\\u00', '\\x'))
    .replaceAll('\x7f', '\\x7f');
}

const UNITS = [
  ['ns', 1],
  ['µs', 1e3],
  ['ms', 1e6],
] as const;

/** As Go prints a time.Duration: `1h0m0s`, `1m30s`, `500ms`. */
function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  const unit = UNITS.findLast(([, size]) => nanoseconds >= size)!;
  if (nanoseconds < 1e9) return `${nanoseconds / unit[1]}${unit[0]}`;
  const minutes = Math.floor(nanoseconds / 60e9);
  const seconds = `${(nanoseconds - minutes * 60e9) / 1e9}s`;
  if (minutes === 0) return seconds;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m${seconds}` : `${hours}h${minutes - hours * 60}m${seconds}`;
}
