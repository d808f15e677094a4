import { checkOpened } from '../../src/operations/storage/check-store.js';
import type { Store } from '../../src/store/index.js';

/** What `system check` says of a store, a line for each problem; empty when all is well. Changes nothing. */
export async function problemsOf(store: Store): Promise<readonly string[]> {
  const { problems } = await checkOpened(store, { repair: false, force: false }, new AbortController().signal);
  return problems.map(({ subject, problem }) => `${subject}: ${problem}`);
}
