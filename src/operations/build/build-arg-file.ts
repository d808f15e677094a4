import { readFileSync } from 'node:fs';
import { UsageError } from '../../errors.js';

/**
 * The lines of a `--build-arg-file`, each as `--build-arg` takes it: blank lines and those that begin with `#` are left out.
 * @throws {UsageError} the file cannot be read
 */
export function readBuildArgFile(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--build-arg-file: cannot read "${path}": ${(error as Error).message}`, { cause: error });
  }
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
}
