import { UsageError } from '../../errors.js';
import type { Containerfile } from '../../parser/index.js';

/**
 * The Containerfile up to the instruction that begins on a line or is the last one before it; what follows is as if it were not there.
 *
 * @param line from 1, of the files joined
 * @throws {UsageError} no stage begins by then
 */
export function cutContainerfile(containerfile: Containerfile, line: number): Containerfile {
  const instructions = containerfile.instructions.filter(({ range }) => range.startLine <= line);
  if (!instructions.some(({ keyword }) => keyword === 'FROM'))
    throw new UsageError(`--until ${line}: no stage has begun by then`, { hint: 'The first FROM stands on a later line' });
  return { ...containerfile, instructions };
}
