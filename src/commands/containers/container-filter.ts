import { UsageError } from '../../errors.js';
import type { ContainerRow } from '../../operations/containers.js';

/**
 * The containers that fit every filter: `id=`, `name=` and `ancestor=` are parts of an ID, a name, and the image's name or ID.
 *
 * @throws {UsageError} in Buildah's words
 */
export function filterContainers(rows: readonly ContainerRow[], filters: readonly string[]): readonly ContainerRow[] {
  const tests = filters.flatMap((text) => text.split(',')).map(readFilter);
  return rows.filter((row) => tests.every((test) => test(row)));
}

function readFilter(text: string): (row: ContainerRow) => boolean {
  const equals = text.indexOf('=');
  if (equals === -1) throw new UsageError(`parsing filter: incorrect filter value ${JSON.stringify(text)}, should be of form filter=value`);
  const [name, value] = [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()];
  switch (name) {
    case 'id':
      return ({ id }) => id.includes(value);
    case 'name':
      return (row) => row.name.includes(value);
    case 'ancestor':
      return ({ imageId, imageName }) => imageId.includes(value) || imageName.includes(value);
    default:
      throw new UsageError(`parsing filter: invalid filter ${JSON.stringify(name)}`, { hint: 'There are id, name and ancestor' });
  }
}
