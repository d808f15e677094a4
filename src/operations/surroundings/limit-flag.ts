import { UsageError } from '../../errors.js';
import { LIMIT_NAMES, type ResourceLimit } from '../../sandbox/index.js';

/**
 * `NAME=SOFT[:HARD]` of `--ulimit`; -1 and `unlimited` are no limit.
 * @throws {UsageError} not of that form
 */
export function parseLimit(text: string): ResourceLimit {
  const [, name = '', first = '', second = first] = /^(?:RLIMIT_)?([a-z]+)=([^:]+)(?::([^:]+))?$/i.exec(text) ?? [];
  const known = LIMIT_NAMES.find((candidate) => candidate === name.toLowerCase());
  const refuse = (problem: string): never => {
    throw new UsageError(`invalid ulimit ${JSON.stringify(text)}: ${problem}`);
  };
  if (known === undefined) return refuse(name === '' ? 'expected NAME=SOFT[:HARD]' : `unknown limit "${name}"`);
  const value = (word: string): number | 'unlimited' => {
    if (word === '-1' || word === 'unlimited') return 'unlimited';
    if (!/^\d{1,15}$/.test(word)) refuse(`"${word}" is no number`);
    return Number(word);
  };
  const [soft, hard] = [value(first), value(second)];
  if (hard !== 'unlimited' && (soft === 'unlimited' || soft > hard)) refuse('the soft limit is above the hard one');
  return { name: known, soft, hard };
}
