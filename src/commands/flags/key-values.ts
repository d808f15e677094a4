import type { Environment } from '../../config/index.js';
import { UsageError } from '../../errors.js';

/** `KEY=VALUE` words; a `KEY` alone takes the variable of that name, and is undefined when there is none. */
export function parseVariables(words: readonly string[], flagName: string, environment: Environment): Record<string, string | undefined> {
  const entries = words.map((word): [string, string | undefined] => {
    const [key, value] = splitWord(word, flagName);
    return [key, value ?? environment[key]];
  });
  return Object.fromEntries(entries);
}

/** `KEY=VALUE` words; a `KEY` alone has the empty value. */
export function parseKeyValues(words: readonly string[], flagName: string): Record<string, string> {
  return Object.fromEntries(
    words.map((word): [string, string] => {
      const [key, value] = splitWord(word, flagName);
      return [key, value ?? ''];
    }),
  );
}

function splitWord(word: string, flagName: string): [string, string | undefined] {
  const at = word.indexOf('=');
  const key = at === -1 ? word : word.slice(0, at);
  if (key === '') throw new UsageError(`invalid argument ${JSON.stringify(word)} for "--${flagName}" flag: the name before "=" is empty`);
  return [key, at === -1 ? undefined : word.slice(at + 1)];
}
