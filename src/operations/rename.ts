import { UsageError } from '../errors.js';
import { withContainer } from './containers/with-container.js';
import type { Services } from './context.js';

/** Gives a working container another name. @throws {ContainerNotFoundError} @throws {ContainerNameInUseError} */
export async function renameContainer(
  { container, name }: { readonly container: string; readonly name: string },
  services: Services,
): Promise<void> {
  await withContainer(container, services, async ({ record, store }) => {
    if (record.name === name) throw new UsageError('renaming a container with the same name as its current name');
    await store.containers.update({ ...record, name });
  });
}
