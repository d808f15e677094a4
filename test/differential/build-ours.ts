import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blobPath, manifestOf } from '../support/image-layers.js';
import { addBusybox, idModeOf, type TestStore, withTestStore } from '../support/tsbuild.js';
import type { DifferentialCase, Outcome } from './case.js';
import { makeContext } from './make-context.js';
import { readImage } from './outcome.js';

const AT_ONCE = 2;

export interface OurOutcomes {
  readonly idMode: Awaited<ReturnType<typeof idModeOf>>;
  /** In the order of the cases. */
  readonly outcomes: readonly Outcome[];
}

/** What tsbuild makes of each case. All share one store. */
export async function buildOurs(cases: readonly DifferentialCase[]): Promise<OurOutcomes> {
  return withTestStore(async (store) => {
    if (cases.some(needsBase)) await addBusybox(store);
    const outcomes: Outcome[] = [];
    const waiting = [...cases.entries()];
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, one] = next;
        outcomes[index] = await build(store, one, `case-${index}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return { idMode: await idModeOf(store), outcomes };
  });
}

export function needsBase({ containerfile }: DifferentialCase): boolean {
  return containerfile.includes('FROM localhost/busybox');
}

export function contextLines({ context, containerfile }: DifferentialCase): string[] {
  return [...context, `f 644 Containerfile ${containerfile.replaceAll('\n', '\\n')}`];
}

async function build(store: TestStore, one: DifferentialCase, name: string): Promise<Outcome> {
  const context = join(store.directory, name);
  await makeContext(context, contextLines(one));
  // Times are in no key: from the cache a file would have that of an equal file of another case.
  const { status, stderr } = await store.tsbuild(['bud', '-q', '--no-cache', '-t', name, ...(one.args ?? []), context], { cwd: context });
  if (status !== 0) return { error: stderr };
  const { config, layers } = manifestOf(store, name);
  return readImage(
    JSON.parse(readFileSync(blobPath(store, config.digest), 'utf8')),
    layers.map(({ digest }) => blobPath(store, digest)),
    needsBase(one),
  );
}
