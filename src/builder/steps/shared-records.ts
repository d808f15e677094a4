import type { StepRecord, StepRecords } from '../../store/index.js';

/** The records of a build that shares its cache. */
export interface SharedRecords {
  /** In place of the store's own for the time of the build. */
  readonly records: StepRecords;
  /** Every record the build has touched or made so far: what it would take to repeat it. */
  used(): StepRecord[];
  /** Resolves when the records that were found elsewhere are in the store. */
  settled(): Promise<void>;
}

/**
 * The store's step records with imported ones behind them. An imported record that is used, which touching it tells, is entered in the
 * store, so that the next build finds it there.
 *
 * @param hasLayer whether the layer a record's result names can be had: a record of the store whose layer is gone gives way to an imported one
 */
export function shareRecords(local: StepRecords, imported: readonly StepRecord[], hasLayer: (diffId: string) => boolean): SharedRecords {
  const elsewhere = new Map<string, StepRecord>();
  const definitions = new Set<string>();
  for (const record of imported) {
    definitions.add(record.definition);
    // The first source that has a key decides, as the user ordered them.
    if (!elsewhere.has(keyOf(record))) elsewhere.set(keyOf(record), record);
  }
  const used = new Map<string, StepRecord>();
  const entering: Promise<void>[] = [];
  const isWhole = ({ result }: StepRecord): boolean => typeof result.diffId !== 'string' || hasLayer(result.diffId);
  const note = (record: StepRecord): void => void used.set(keyOf(record), record);
  const records: StepRecords = {
    ...local,
    hasDefinition: (definition) => definitions.has(definition) || local.hasDefinition(definition),
    find(definition, parent) {
      const own = local.find(definition, parent);
      return own !== undefined && isWhole(own) ? own : (elsewhere.get(keyOf({ definition, parent })) ?? own);
    },
    touch(record, when) {
      note(record);
      if (elsewhere.get(keyOf(record)) !== record) {
        local.touch(record, when);
        return;
      }
      const entered = local.put(record);
      // Awaited by settled(); a failure before that must not end the process.
      entered.catch(() => {});
      entering.push(entered);
    },
    async put(record) {
      note(record);
      await local.put(record);
    },
  };
  return {
    records,
    used: () => [...used.values()],
    async settled() {
      await Promise.all(entering);
    },
  };
}

function keyOf({ definition, parent }: Pick<StepRecord, 'definition' | 'parent'>): string {
  return `${definition} ${parent}`;
}
