import { fstatSync } from 'node:fs';
import { type Digest, digestHex } from '../../image/index.js';
import type { EntryDigests, Fd, Tree } from '../../sys/index.js';
import type { CopyFirst, SourceGroup } from './copy-sources.js';
import type { CopyHistory } from './earlier-copy.js';
import { isExtracted } from './root-state.js';
import { definitionOf } from './step-definition.js';
import type { Selection } from './step-key.js';
import { type Workplace, type WrittenLayer, writeAhead } from './write-step.js';

/** Of the trees of a copy. */
export type DigestsByTree = ReadonlyMap<Tree, EntryDigests>;

export interface CopyAheadOptions {
  /** Of the build context. */
  readonly root: Fd;
  /** Copies, and fills in digests of files that are still to be read. */
  readonly copy: (workplace: Workplace, group: SourceGroup, digests: DigestsByTree) => Promise<void>;
  /** Digests what is copied; `copyFirst` is to be called before files are read. */
  readonly digest: (copyFirst?: CopyFirst) => Promise<Selection>;
  readonly signal: AbortSignal;
}

/**
 * A COPY whose files are written while they are digested, so that each is read once. Until it has its digest nobody knows whether it was made
 * before, so this is for a copy of which nothing is known.
 */
export class CopyAhead {
  #written: WrittenLayer | undefined;

  constructor(readonly history: CopyHistory) {}

  /** Whether the copy is most likely new, and nothing has to be waited for to make it. */
  async isWorthwhile(): Promise<boolean> {
    const { parent, toolbox } = this.history;
    return toolbox.importsCache !== true && this.history.isEmpty && (await isExtracted(parent, toolbox.snapshots));
  }

  /**
   * Of several that are at the same copy, in this build or in others, one makes it; the others wait until it has its digest, by which they
   * find each other from there on.
   */
  async digest({ root, copy, digest, signal }: CopyAheadOptions): Promise<Selection> {
    const { history } = this;
    const { dev, ino } = fstatSync(root);
    const name = definitionOf('copy-ahead', { copy: history.definition, context: `${dev}:${ino}` });
    const lock = await history.toolbox.store.lockWork(digestHex(name as Digest), { signal });
    try {
      if (lock.waited) return await digest();
      return await digest(async (group, known) => {
        const digests = new Map(known.map((entries) => [entries.tree, entries]));
        this.#written = await this.#write((workplace) => copy(workplace, group, digests), signal);
      });
    } catch (error) {
      this.drop();
      throw error;
    } finally {
      lock.release();
    }
  }

  /** What was written; undefined: nothing, or somebody has taken it. */
  take(): WrittenLayer | undefined {
    const written = this.#written;
    this.#written = undefined;
    return written;
  }

  drop(): void {
    const written = this.take();
    if (written !== undefined) this.history.toolbox.snapshots.discard(written.working);
  }

  /** Undefined when anything fails: so it will when the step is run, whose failure it is. */
  async #write(body: (workplace: Workplace) => Promise<void>, signal: AbortSignal): Promise<WrittenLayer | undefined> {
    const { parent, toolbox } = this.history;
    try {
      return await writeAhead(parent, toolbox, { signal }, body);
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }
}
