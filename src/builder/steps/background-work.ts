/**
 * Work that goes on beside the steps: compressing layers, writing records. Nothing of it is lost: a failure stops the build as a step's
 * would, and the build ends when all of it has.
 */
export class BackgroundWork {
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  #tellAwaited: () => void = () => {};
  /** Resolves when somebody waits for what is left: nothing that could go on meanwhile has a reason to wait any longer. */
  readonly whenAwaited = new Promise<void>((resolve) => {
    this.#tellAwaited = resolve;
  });

  constructor(readonly onFailure: (error: unknown) => void) {}

  add(work: Promise<unknown>): void {
    const watched = work.then(
      () => {
        this.#running.delete(watched);
      },
      (error: unknown) => {
        this.#running.delete(watched);
        this.#failure ??= { error };
        this.onFailure(error);
      },
    );
    this.#running.add(watched);
  }

  /** Resolves when everything that was added, also meanwhile, has ended. @throws what failed first */
  async done(): Promise<void> {
    this.#tellAwaited();
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** As {@link done}, but never throws: for the way out after another failure. */
  async settled(): Promise<void> {
    this.#tellAwaited();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
