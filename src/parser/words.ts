import { isSpace } from './blank.js';
import type { Escape } from './directives.js';
import { Fault, type Fragment, sliceFragment } from './fragment.js';
import { usageHint } from './usage.js';

const BLANKS = '\t\v\f\r ';

/** A name and the text of its value, quotes, escapes and variables still in it. */
export interface NameValue {
  readonly name: string;
  readonly value: string;
}

/** Words between blanks; quotes mean nothing. */
export function splitBlanks(args: Fragment): Fragment[] {
  const words: Fragment[] = [];
  let start = 0;
  for (let index = 0; index <= args.text.length; index++) {
    if (index < args.text.length && !BLANKS.includes(args.text.charAt(index))) continue;
    if (index > start) words.push(sliceFragment(args, start, index));
    start = index + 1;
  }
  return words;
}

/** Words between blanks that are in no quotes; quotes and escapes stay in the words. */
export function splitQuotedWords(args: Fragment, escapeCharacter: Escape): Fragment[] {
  const { text } = args;
  const words: Fragment[] = [];
  let position = 0;
  for (;;) {
    while (position < text.length && isSpace(text.charAt(position))) position++;
    if (position >= text.length) return words;
    const start = position;
    let word = '';
    let quote = '';
    for (; position < text.length; position++) {
      const character = text.charAt(position);
      if (quote === '' && isSpace(character)) break;
      if (character === escapeCharacter && quote !== "'") {
        // An escape character at the very end escapes nothing and is dropped.
        if (position + 1 < text.length) word += character + text.charAt(position + 1);
        position++;
        continue;
      }
      if (character === quote) quote = '';
      else if (quote === '' && (character === '"' || character === "'")) quote = character;
      word += character;
    }
    words.push({ text: word, at: args.at + start });
  }
}

/**
 * The pairs of ENV and LABEL: `name=value ...`, or in the old form `name everything else`.
 * @throws {Fault} with BuildKit's words
 */
export function parseNameValues(
  keyword: string,
  args: Fragment,
  escapeCharacter: Escape,
): { readonly pairs: readonly NameValue[]; readonly legacy: boolean } {
  const words = splitQuotedWords(args, escapeCharacter);
  const [first] = words;
  if (first === undefined) throw new Fault(`${keyword} requires at least one argument`, undefined, usageHint(keyword));
  if (!first.text.includes('=')) {
    const [name, second] = splitBlanks(args);
    if (name === undefined || second === undefined) throw new Fault(`${keyword} must have two arguments`, first.at, usageHint(keyword));
    return { pairs: [{ name: name.text, value: args.text.slice(second.at - args.at) }], legacy: true };
  }
  const pairs = words.map(({ text, at }) => {
    const equals = text.indexOf('=');
    if (equals === -1) {
      const problem = `Syntax error - can't find = in ${JSON.stringify(text)}. Must be of the form: name=value`;
      throw new Fault(problem, at, 'A value with blanks is written in quotes');
    }
    if (equals === 0) throw new Fault(`${keyword} names can not be blank`, at);
    return { name: text.slice(0, equals), value: text.slice(equals + 1) };
  });
  return { pairs, legacy: false };
}
