import { type ContainerEdits, editContainer } from './containers/edit-container.js';
import { withContainer } from './containers/with-container.js';
import type { Services } from './context.js';

export interface ConfigOptions {
  readonly container: string;
  readonly edits: ContainerEdits;
  readonly addHistory: boolean;
}

/** Changes what the image of a working container will say. @throws {ContainerNotFoundError} @throws {UsageError} a value that cannot be read */
export async function configContainer({ container, edits, addHistory }: ConfigOptions, services: Services): Promise<void> {
  await withContainer(container, services, async ({ record, store }) => {
    const surroundings = {
      environment: services.settings.environment,
      warn: (text: string) => services.reporter.report({ kind: 'warning', text }),
      now: new Date().toISOString(),
      addHistory,
    };
    await store.containers.update(editContainer(record, edits, surroundings));
  });
}
