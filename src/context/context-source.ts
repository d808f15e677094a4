import type { Context } from './open-context.js';

/** A context that is fetched and opened when its files are needed, once. */
export interface ContextSource {
  /** For messages, where it is not the build context: `the named context "x"`. */
  readonly name?: string | undefined;
  /** Names what it holds before anything of it is fetched: equal revisions hold the same files. Undefined: only the files tell. */
  readonly revision?: string | undefined;
  /** True when the revision, not the files, is what a step's key is made of: some files (those of git itself) differ each time. */
  readonly keyedByRevision?: boolean | undefined;
  /** Whoever made the source closes the context. */
  open(signal: AbortSignal): Promise<Context>;
}

/** One that is open. */
export function openedContext(context: Context): ContextSource {
  return { open: async () => context };
}
