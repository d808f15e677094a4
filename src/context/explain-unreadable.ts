import { hasCode } from '../errors.js';
import { SourceUnreadableError } from './errors.js';

/**
 * Run `body`, which reads a tree, and say which of its files this user may not read.
 *
 * @param place as in {@link SourceUnreadableError}
 * @throws {SourceUnreadableError}
 */
export async function explainingUnreadable<T>(place: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!hasCode(error, 'EACCES')) throw error;
    throw new SourceUnreadableError(pathOf(error), place, error);
  }
}

/** Relative to the tree; undefined for the tree itself, or when the error does not say. */
function pathOf(error: unknown): string | undefined {
  const { path } = error as { readonly path?: string | Buffer };
  const text = path?.toString() ?? '';
  return text === '' || text === '.' ? undefined : text;
}
