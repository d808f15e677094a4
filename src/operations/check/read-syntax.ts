import { type SyntaxDocument, syntaxDocument } from '../../parser/index.js';
import type { Services } from '../context.js';
import { type CheckedPlaceOptions, withPlace } from './with-place.js';

/** The syntax of a Containerfile, mistakes included. @throws {ContainerfileMissingError} there is none */
export async function readSyntax(options: CheckedPlaceOptions, services: Services): Promise<SyntaxDocument> {
  const { name, text } = await withPlace(options, services, async ({ place }) => place.containerfile);
  return syntaxDocument({ name, text });
}
