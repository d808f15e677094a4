import { UsageError } from '../../errors.js';

/**
 * Buildah refuses flags after the image or container name instead of guessing what they belong to.
 *
 * @throws {UsageError} a word of `operands` looks like a flag
 */
export function refuseFlagsAmong(operands: readonly string[]): void {
  const flag = operands.find((word) => word.startsWith('-') && word !== '-');
  if (flag !== undefined)
    throw new UsageError(`no options (${flag}) can be specified after the image or container name`, { hint: 'Put flags before names' });
}

/** @throws {UsageError} there are more than `limit` */
export function refuseMoreThan(limit: number, operands: readonly string[]): void {
  if (operands.length > limit) throw new UsageError(`accepts at most ${limit} arg(s), received ${operands.length}`);
}

/** Of a command that takes none. @throws {UsageError} in Buildah's words, to whom the first one is a command of its own */
export function refuseOperands(command: string, [first]: readonly string[]): void {
  if (first !== undefined) throw new UsageError(`unknown command ${JSON.stringify(first)} for "tsbuild ${command}"`);
}
