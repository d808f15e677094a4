import { UsageError } from '../../errors.js';

/**
 * A command line as words, by the rules of a shell for blanks, quotes and backslashes. Nothing is expanded, and operators such as `|` are
 * ordinary characters.
 *
 * @param flagName for messages
 * @throws {UsageError} a quote that does not end
 */
export function splitShellWords(text: string, flagName: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\' && quote !== "'") {
      at++;
      // In double quotes a backslash is one unless it stands before what is special there (POSIX shell, 2.2.3).
      const escaped = text.charAt(at);
      word = (word ?? '') + (quote === '"' && !'"\\$`'.includes(escaped) ? `\\${escaped}` : escaped);
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote !== '')
    throw new UsageError(`parsing --${flagName} ${JSON.stringify(text)}: invalid command line string`, {
      hint: `The ${quote} does not end`,
    });
  return word === undefined ? words : [...words, word];
}

/** The strings of a JSON array; undefined for any other text. */
export function readJsonWords(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  } catch {
    // A command may begin with a bracket: `[ -f x ]`.
    return undefined;
  }
}
