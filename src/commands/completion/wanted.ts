import type { FlagShape } from '../flags/flags.js';

/** What may stand where the user asks. */
export type Wanted =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  | { readonly kind: 'names'; readonly of: readonly NameKind[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'nothing' };

export type NameKind = 'image' | 'container' | 'stage';

export interface Candidate {
  readonly word: string;
  /** A few words about it, for shells that show some. */
  readonly about?: string;
}

export interface WantedOptions {
  readonly flags: Readonly<Record<string, FlagShape>>;
  readonly bareValues: Readonly<Record<string, string>>;
  /** `run [flags] CONTAINER [--] [COMMAND...]`: its words say what the operands are. */
  readonly usage: string;
  /** Words after the command's name and before the one that is being written. */
  readonly before: readonly string[];
  /** What is written of the word so far. */
  readonly current: string;
}

export interface WantedWord {
  readonly wanted: Wanted;
  /** What stands before the part that candidates replace: `--target=`. */
  readonly prefix: string;
}

/** What the word being written may become, by the definitions of a command. */
export function wantedWord({ flags, bareValues, usage, before, current }: WantedOptions): WantedWord {
  let index = 0;
  for (; index < before.length; index++) {
    const word = before[index] ?? '';
    if (word === '--') return operand(usage, before.length - index - 1);
    if (!word.startsWith('-') || word === '-') return operand(usage, before.length - index);
    const found = flagOf(flags, word);
    if (found === undefined || found.flag.type === 'boolean' || word.includes('=') || bareValues[found.name] !== undefined) continue;
    if (index === before.length - 1) return { wanted: flagValue(found.name, found.flag), prefix: '' };
    index++;
  }
  if (!current.startsWith('-')) return operand(usage, 0);
  const at = current.indexOf('=');
  if (at === -1) return { wanted: { kind: 'words', words: flagWords(flags) }, prefix: '' };
  const found = flagOf(flags, current.slice(0, at));
  const wanted: Wanted = found === undefined ? { kind: 'nothing' } : flagValue(found.name, found.flag);
  return { wanted, prefix: current.slice(0, at + 1) };
}

interface FoundFlag {
  readonly name: string;
  readonly flag: FlagShape;
}

function flagOf(flags: WantedOptions['flags'], word: string): FoundFlag | undefined {
  const written = word.split('=')[0] ?? '';
  const found = Object.entries(flags).find(([name, flag]) =>
    written.startsWith('--')
      ? name === written.slice(2) || flag.aliases?.includes(written.slice(2))
      : // Of `-qf` the last letter can have a value.
        flag.char !== undefined && flag.char === written.at(-1),
  );
  return found === undefined ? undefined : { name: found[0], flag: found[1] };
}

export function flagWords(flags: WantedOptions['flags']): Candidate[] {
  const shown = Object.entries(flags).filter(([, flag]) => flag.hidden !== true);
  return shown.map(([name, flag]) => ({ word: `--${name}`, about: flag.summary ?? '' }));
}

/** Flags whose value is the name of something in the store or in the Containerfile. */
const NAMES_BY_FLAG: Readonly<Record<string, readonly NameKind[]>> = {
  ancestor: ['image'],
  from: ['image', 'container'],
  manifest: ['image'],
  target: ['stage'],
};

function flagValue(name: string, flag: FlagShape): Wanted {
  const kinds = NAMES_BY_FLAG[name];
  if (kinds !== undefined) return { kind: 'names', of: kinds };
  const help = String(flag.helpValue ?? '');
  const words = flag.options ?? (/^[a-z0-9]+(\|[a-z0-9]+)+$/.test(help) ? help.split('|') : undefined);
  if (words !== undefined) return { kind: 'words', words: words.filter(Boolean).map((word) => ({ word })) };
  return /path|file|dir|source|host/i.test(help) || PATH_FLAGS.has(name) ? { kind: 'files' } : { kind: 'nothing' };
}

const PATH_FLAGS = new Set(['file', 'build-context', 'output', 'secret']);

/** @param at which operand, from 0 */
function operand(usage: string, at: number): WantedWord {
  const words = usage.split(' ').filter((word) => /^\[?[A-Z][A-Z|]+/.test(word));
  const word = words[at] ?? (words.at(-1)?.includes('...') === true ? words.at(-1) : undefined);
  return { wanted: word === undefined ? { kind: 'nothing' } : operandKind(word), prefix: '' };
}

function operandKind(word: string): Wanted {
  const kinds: NameKind[] = [];
  if (/CONTAINER/.test(word)) kinds.push('container');
  if (/IMAGE|LIST|INDEX/.test(word)) kinds.push('image');
  if (kinds.length > 0) return { kind: 'names', of: kinds };
  return /NAME/.test(word) ? { kind: 'nothing' } : { kind: 'files' };
}
