import type { Graph } from '../../builder/graph/index.js';
import { UsageError } from '../../errors.js';
import { parseGoDuration } from '../../parser/index.js';
import type { Reporter } from '../../progress.js';

/** Which outcomes of earlier builds a build takes. */
export interface CacheUse {
  /** None at all. */
  readonly noCache: boolean;
  /** A duration as Go writes it: older ones are not taken; `0`: none. */
  readonly cacheTtl?: string | undefined;
}

/** @throws {UsageError} `--cache-ttl` is no duration, or a negative one */
export function parseCacheTtl(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  let milliseconds: number;
  try {
    milliseconds = parseGoDuration(text) / 1e6;
  } catch (error) {
    throw new UsageError(`--cache-ttl: ${(error as Error).message}`, { hint: 'Write it like 90m, 24h or 1h30m', cause: error });
  }
  if (milliseconds < 0) throw new UsageError(`--cache-ttl: ${text} is negative`);
  return milliseconds;
}

/** Whether nothing of earlier builds is taken, as `--no-cache` or a time of zero say. */
export function takesNothing({ noCache, cacheTtl }: CacheUse): boolean {
  return noCache || parseCacheTtl(cacheTtl) === 0;
}

/**
 * Indices of the stages that `--no-cache-filter` names; each of `lists` may name several, with commas. A name of nothing is most likely
 * misspelt: there is a warning.
 */
export function freshStages(lists: readonly string[], { allStages }: Graph, reporter: Reporter): ReadonlySet<number> {
  const wanted = lists.flatMap((list) => list.split(',')).map((word) => word.trim().toLowerCase());
  const found = new Set<number>();
  for (const word of wanted) {
    const stage = allStages.find(({ name, index }) => name === word || String(index) === word);
    if (stage !== undefined) found.add(stage.index);
    else if (word !== '') reporter.report({ kind: 'warning', text: `--no-cache-filter: there is no stage "${word}"` });
  }
  return found;
}
