import { UsageError } from '../../errors.js';
import { localName } from '../../image/index.js';
import { ImageNotFoundError } from '../../store/index.js';
import { type Services, withStore } from '../context.js';

/**
 * Takes names away from an image, which stays in the store.
 *
 * @param names none: all it has
 * @throws {ImageNotFoundError} @throws {UsageError} a name that is not the image's; then none is taken away
 */
export async function untagImage(image: string, names: readonly string[], services: Services): Promise<void> {
  await withStore(services, async (store) => {
    const found = store.names.resolve(image);
    if (found === undefined) throw new ImageNotFoundError(image);
    const own = store.names.list().flatMap(({ name, descriptor }) => (descriptor.digest === found.descriptor.digest ? (name ?? []) : []));
    const wanted = names.map((name) => (own.includes(name) ? name : (store.names.resolve(name)?.name ?? localName(name))));
    const foreign = wanted.find((name) => !own.includes(name));
    if (foreign !== undefined) throw new UsageError(`${foreign}: tag not known`);
    await store.names.untag(names.length === 0 ? own : wanted);
  });
}
