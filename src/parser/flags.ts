import { didYouMean } from '../suggest.js';
import { isSpace } from './blank.js';
import type { Escape } from './directives.js';
import { Fault, type Fragment, sliceFragment, trimFragment } from './fragment.js';
import { oneOfHint } from './usage.js';

/**
 * Cuts the leading `--flag` words off an instruction's arguments. Quotes are removed and the escape character takes the next one as it
 * is; a `--` alone ends the flags and is dropped.
 */
export function splitFlags(args: Fragment, escapeCharacter: Escape): { readonly flags: readonly Fragment[]; readonly rest: Fragment } {
  const { text } = args;
  const flags: Fragment[] = [];
  let position = 0;
  for (;;) {
    while (position < text.length && isSpace(text.charAt(position))) position++;
    if (!text.startsWith('--', position)) return { flags, rest: trimFragment(sliceFragment(args, position)) };
    const start = position;
    let word = '';
    let quote = '';
    for (; position < text.length; position++) {
      const character = text.charAt(position);
      if (character === quote) quote = '';
      else if (character === escapeCharacter) {
        position++;
        word += text.charAt(position);
      } else if (quote !== '') word += character;
      else if (isSpace(character)) break;
      else if (character === "'" || character === '"') quote = character;
      else word += character;
    }
    if (word === '--') return { flags, rest: trimFragment(sliceFragment(args, Math.min(position, text.length))) };
    flags.push({ text: word, at: args.at + start });
  }
}

/** What a flag takes: `text` needs `=value`, `boolean` may stand alone, `list` may come several times. */
export type FlagKind = 'text' | 'boolean' | 'list';

export interface FlagValue {
  readonly value: string;
  /** Index of the flag in the logical line. */
  readonly at: number;
}

/** The flags of one instruction, checked against what it knows. */
export interface Flags {
  text(name: string): string | undefined;
  boolean(name: string): boolean | undefined;
  list(name: string): readonly FlagValue[];
  /** Index of a flag that was given in the logical line. */
  at(name: string): number | undefined;
}

/**
 * @throws {Fault} a flag that is unknown, given twice, without its value, or not boolean where it must be
 */
export function parseFlags(words: readonly Fragment[], known: Readonly<Record<string, FlagKind>>): Flags {
  const values = new Map<string, FlagValue[]>();
  for (const { text, at } of words) {
    const equals = text.indexOf('=');
    const name = text.slice(2, equals === -1 ? undefined : equals);
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    const names = Object.keys(known);
    if (kind === undefined) {
      const flags = names.map((candidate) => `--${candidate}`);
      const none = flags.length === 0 ? 'This instruction has no flags' : oneOfHint(flags, 'A flag of this instruction');
      throw new Fault(`unknown flag: --${name}`, at, didYouMean(`--${name}`, flags) ?? none);
    }
    if (kind !== 'list' && values.has(name)) throw new Fault(`duplicate flag specified: --${name}`, at);
    if (kind !== 'boolean' && equals === -1) throw new Fault(`missing a value on flag: --${name}`, at);
    const value = equals === -1 ? 'true' : text.slice(equals + 1);
    if (kind === 'boolean' && !/^(true|false)$/i.test(value)) {
      throw new Fault(`expecting boolean value for flag --${name}, not: ${value}`, at);
    }
    values.set(name, [...(values.get(name) ?? []), { value, at }]);
  }
  return {
    text: (name) => values.get(name)?.[0]?.value,
    boolean: (name) => {
      const value = values.get(name)?.[0]?.value;
      return value === undefined ? undefined : value.toLowerCase() === 'true';
    },
    list: (name) => values.get(name) ?? [],
    at: (name) => values.get(name)?.[0]?.at,
  };
}
