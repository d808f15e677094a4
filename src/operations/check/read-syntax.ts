import { type SyntaxDocument, syntaxDocument } from '../../parser/index.js';
import { readContainerfile } from '../build/read-containerfile.js';

/** The syntax of a Containerfile, mistakes included. @throws {ContainerfileMissingError} there is none */
export function readSyntax(options: { readonly contextDirectory: string; readonly files: readonly string[] }): SyntaxDocument {
  const { name, text } = readContainerfile(options.files, options.contextDirectory);
  return syntaxDocument({ name, text });
}
