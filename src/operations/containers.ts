import { type Services, withStore } from './context.js';

/** A working container as a list shows it. */
export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  /** Hexadecimal digits; empty for one made from scratch. */
  readonly imageId: string;
  /** Empty for an image without a name. */
  readonly imageName: string;
}

/** All working containers, in the order in which they were made. */
export async function listContainers(services: Services): Promise<readonly ContainerRow[]> {
  return withStore(services, async (store) =>
    [...store.containers.list()]
      .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
      .map(({ id, name, image }) => ({
        id,
        name,
        imageId: image?.id ?? '',
        imageName: image === undefined ? 'scratch' : (image.name ?? ''),
      })),
  );
}
