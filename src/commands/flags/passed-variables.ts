import type { Environment } from '../../config/index.js';

/**
 * Variables for a command out of `NAME=VALUE`, `NAME` (as it is here, if it is), and `NAME*` or `*` (all that begin so). What tsbuild's own
 * launcher has set is nobody's.
 */
export function passedVariables(words: readonly string[], environment: Environment): Record<string, string> {
  const here = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('TSBUILD_'),
  );
  const entries = words.flatMap((word): (readonly [string, string])[] => {
    const equals = word.indexOf('=');
    if (equals !== -1) return [[word.slice(0, equals), word.slice(equals + 1)]];
    if (word.endsWith('*')) return here.filter(([name]) => name.startsWith(word.slice(0, -1)));
    return here.filter(([name]) => name === word);
  });
  return Object.fromEntries(entries);
}
