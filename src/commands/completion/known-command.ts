import type { FlagSet } from '../flags/flags.js';

/** What completion wants to know of a command; the table of the program gives it. */
export interface KnownCommand {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<FlagSet & { readonly usage: string; readonly bareValues: Readonly<Record<string, string>> }>;
}
