import { UsageError } from '../../errors.js';

export type PullPolicy = 'always' | 'missing' | 'never' | 'newer';

const WORDS: Readonly<Record<string, PullPolicy>> = {
  always: 'always',
  true: 'always',
  missing: 'missing',
  ifmissing: 'missing',
  notpresent: 'missing',
  false: 'missing',
  never: 'never',
  newer: 'newer',
  ifnewer: 'newer',
};

/** Buildah's words for when to ask the registry. @throws {UsageError} none of them */
export function parsePullPolicy(word: string): PullPolicy {
  const policy = Object.hasOwn(WORDS, word.toLowerCase()) ? WORDS[word.toLowerCase()] : undefined;
  if (policy === undefined) throw new UsageError(`unsupported pull policy "${word}"`, { hint: 'Use always, missing, never or newer' });
  return policy;
}
