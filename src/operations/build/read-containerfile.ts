import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hasCode, TsbuildError } from '../../errors.js';

/** There is no Containerfile to build, or none that can be read. */
export class ContainerfileMissingError extends TsbuildError {
  readonly code = 'CONTEXT_INVALID';
}

export interface ContainerfileText {
  /** As messages name it. */
  readonly name: string;
  readonly text: string;
  /** Absolute path of the first file; undefined for standard input. Ignore files may lie beside it. */
  readonly path: string | undefined;
}

/** In the order in which they are looked for, as Buildah does. */
export const DEFAULT_NAMES = ['Containerfile', 'Dockerfile', 'containerfile', 'dockerfile'];

/**
 * The Containerfile of a build: those given, one after the other, else the context's own.
 *
 * @param files paths as given; one that is not found from the working directory is looked for in the context; `-` is standard input
 * @param texts of those files that are at hand already, by their names
 * @throws {ContainerfileMissingError} nothing there, not readable, or empty
 */
export function readContainerfile(
  files: readonly string[],
  contextDirectory: string,
  texts: ReadonlyMap<string, string> = new Map(),
): ContainerfileText {
  checkContext(contextDirectory);
  const found =
    files.length > 0
      ? files.map((file) => (texts.has(file) ? file : locateContainerfile(file, contextDirectory)))
      : [findDefault(contextDirectory)];
  const parts = found.map((file) => texts.get(file) ?? readOne(file));
  const text = parts.map((part) => (part.endsWith('\n') ? part : `${part}\n`)).join('');
  const first = found[0]!;
  if (text.trim() === '')
    throw new ContainerfileMissingError(`${first}: the Containerfile cannot be empty`, { hint: 'It needs at least a FROM instruction' });
  return {
    name: found.length === 1 ? displayName(first) : found.map(displayName).join('+'),
    text,
    path: first === '-' || /^https?:\/\//i.test(first) ? undefined : resolve(first),
  };
}

function checkContext(directory: string): void {
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new ContainerfileMissingError(`Cannot use the build context "${directory}": no such file or directory`, {
      hint: 'Give the directory that COPY and ADD read from, for instance .',
    });
  }
  if (!stat.isDirectory()) {
    throw new ContainerfileMissingError(`Cannot use the build context "${directory}": it is not a directory`, {
      hint: 'Give a Containerfile with --file and its directory as the context',
    });
  }
}

/** Where a file is that `--file` names. @throws {ContainerfileMissingError} */
export function locateContainerfile(file: string, contextDirectory: string): string {
  if (file === '-' || existsSync(file)) return file;
  const inContext = join(contextDirectory, file);
  if (existsSync(inContext)) return inContext;
  throw new ContainerfileMissingError(`Cannot read the Containerfile "${file}": no such file or directory`, {
    hint: `It is neither here nor in the context "${contextDirectory}"`,
  });
}

function findDefault(contextDirectory: string): string {
  const found = DEFAULT_NAMES.map((name) => join(contextDirectory, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new ContainerfileMissingError(
    `Cannot find a Containerfile or Dockerfile in the context "${contextDirectory}": no such file or directory`,
    {
      hint: 'Write one there, or name it with --file',
    },
  );
}

function readOne(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const reason = hasCode(error, 'EISDIR') ? 'it is a directory' : (error as Error).message;
    throw new ContainerfileMissingError(`Cannot read the Containerfile "${file}": ${reason}`, { cause: error });
  }
}

function displayName(file: string): string {
  return file === '-' ? 'standard input' : file.replace(/^\.\//, '');
}
