import { UsageError } from '../errors.js';
import type { BuildLog, Store } from '../store/index.js';
import { type Services, withStore } from './context.js';
import type { LoggedStep } from './decision-log.js';

/** What was decided in a build. */
export interface ExplainedBuild {
  /** Undefined for one that made no image. */
  readonly imageId: string | undefined;
  readonly outcome: 'image' | 'failed' | 'cancelled';
  /** When something of it ran last. */
  readonly builtAt: string;
  /** When it was built again from the cache alone, the last time; absent when it was not. */
  readonly usedAt?: string;
  readonly steps: readonly LoggedStep[];
}

/** Fewer digits of a step would find anything. */
const MIN_STEP_DIGITS = 6;
const MOMENT_MS = 1000;

/**
 * Why the steps of an image, or one step, were run.
 *
 * @param what name or ID of an image, or the digits that progress lines show behind `-->`; undefined: the build that ended last
 * @throws {UsageError} nothing of it is recorded
 */
export async function cacheWhy(what: string | undefined, services: Services): Promise<readonly ExplainedBuild[]> {
  return withStore(services, async (store) => {
    if (what === undefined) return [lastBuild(store)];
    const image = store.names.resolve(what);
    const builds =
      image === undefined
        ? buildsOfStep(what, store)
        : store.imageIds(image.descriptor).flatMap((id) => {
            const log = store.builds.get(id);
            return log === undefined ? [] : [explainedBuild(log, store)];
          });
    if (builds.length > 0) return builds;
    throw image === undefined
      ? new UsageError(`${what}: there is neither an image nor a step of that name`, {
          hint: 'Name an image, or a step by the digits that a build shows behind -->',
        })
      : new UsageError(`${what}: no build of it is recorded in this store`, {
          hint: 'Images that were pulled have no record of their build',
        });
  });
}

function lastBuild(store: Store): ExplainedBuild {
  const [last] = store.builds.list();
  if (last === undefined) throw new UsageError('no build is recorded in this store');
  return explainedBuild(last, store);
}

/** The build that used the step last, with that step alone. */
function buildsOfStep(digits: string, store: Store): ExplainedBuild[] {
  if (!/^[0-9a-f]+$/.test(digits) || digits.length < MIN_STEP_DIGITS) return [];
  for (const log of store.builds.list()) {
    const build = explainedBuild(log, store);
    const steps = build.steps.filter(({ id }) => id.startsWith(digits));
    if (steps.length > 0) return [{ ...build, steps }];
  }
  return [];
}

function explainedBuild(log: BuildLog, store: Store): ExplainedBuild {
  const { builtAt } = log;
  const steps = log.steps.flatMap((step) => readLoggedStep(step) ?? []);
  if (!('imageId' in log)) return { imageId: undefined, outcome: log.outcome, builtAt, steps };
  const usedAt = store.builds.usedAt(log.imageId);
  // The file is written a moment after the time that it holds.
  const isLater = usedAt !== undefined && usedAt.getTime() - Date.parse(builtAt) > MOMENT_MS;
  return { imageId: log.imageId, outcome: 'image', builtAt, ...(isLater ? { usedAt: usedAt.toISOString() } : {}), steps };
}

function readLoggedStep(step: object): LoggedStep | undefined {
  const { stage, index, total, text, id, decision } = step as Partial<LoggedStep>;
  if (typeof stage !== 'number' || typeof index !== 'number' || typeof total !== 'number') return undefined;
  if (typeof text !== 'string' || typeof id !== 'string' || typeof decision !== 'object') return undefined;
  return decision.outcome === 'miss' && !Array.isArray(decision.differences) ? undefined : (step as LoggedStep);
}
