import { mkdirSync, statfsSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CollectionPolicy, readCollectionPolicy, SettingsError } from '../../config/index.js';
import { hasCode } from '../../errors.js';
import { parseSize } from '../../parser/index.js';
import { type Services, withStore } from '../context.js';
import { parseSpan } from './prune-filters.js';

/** Looking for what may go reads every record, so builds do it this often at most. */
const INTERVAL_MS = 60 * 60 * 1000;

/**
 * Holds the build cache to the policy of the configuration, at most once an hour and only when no other command uses the store. What goes
 * wrong is a warning: the build before it is done.
 */
export async function collectWhenDue(services: Services, now: Date): Promise<void> {
  const stamp = join(services.settings.root, 'cache', 'collected');
  if (!isDue(stamp, now)) return;
  try {
    const policy = await readCollectionPolicy(services.settings);
    if (policy.automatic) await collect(policy, services, now);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    services.reporter.report({ kind: 'warning', text: `The build cache could not be cleaned up: ${reason}` });
  }
}

/** True once an interval; a store without the stamp is new and gets one. */
function isDue(stamp: string, now: Date): boolean {
  const last = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs;
  if (last !== undefined && now.getTime() - last < INTERVAL_MS) return false;
  try {
    if (last === undefined) {
      mkdirSync(dirname(stamp), { recursive: true });
      writeFileSync(stamp, '');
    } else {
      utimesSync(stamp, now, now);
    }
  } catch (error) {
    // A store that may only be read has nothing to collect.
    if (!['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT'].some((code) => hasCode(error, code))) throw error;
  }
  return last !== undefined;
}

async function collect(policy: CollectionPolicy, services: Services, now: Date): Promise<void> {
  const span = parseSpan(policy.unused);
  if (span === undefined) throw new SettingsError('collection.unused', `"${policy.unused}" is no time span`);
  const unusedSince = new Date(now.getTime() - span);
  await withStore(services, async (store) => {
    const maxBytes = Math.min(...policy.keep.map((limit) => limitBytes(limit, store.root)));
    await store.collect({ cache: { unusedSince, maxBytes }, signal: services.signal });
    store.cacheMounts.remove(store.cacheMounts.list().filter(({ usedAt }) => usedAt < unusedSince));
  });
}

function limitBytes(limit: string, root: string): number {
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(limit)?.[1];
  if (percent !== undefined) {
    const { blocks, bsize } = statfsSync(root);
    return (blocks * bsize * Number(percent)) / 100;
  }
  const bytes = parseSize(limit);
  if (bytes === undefined) throw new SettingsError('collection.keep', `"${limit}" is neither a size nor a percentage`);
  return bytes;
}
