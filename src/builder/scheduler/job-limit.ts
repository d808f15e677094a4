export interface JobLimitOptions {
  /** Bodies at a time; 0: no limit. */
  readonly limit: number;
  /** Whether the machine has room for one more beside those that run; asked when one is about to start, and again when one has ended. */
  readonly hasRoom?: (() => boolean) | undefined;
}

/**
 * Lets only so many bodies run at a time; the others wait in the order they came. Without room a body waits too, unless it would be the
 * only one: something always runs, so everything gets its turn.
 */
export class JobLimit {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #limit: number;
  readonly #hasRoom: () => boolean;

  constructor({ limit, hasRoom }: JobLimitOptions) {
    if (!Number.isInteger(limit) || limit < 0) throw new RangeError(`Job limit must be a whole number from 0, got ${limit}`);
    this.#limit = limit;
    this.#hasRoom = hasRoom ?? (() => true);
  }

  async run<T>(body: () => Promise<T>): Promise<T> {
    // Nobody who comes later overtakes those who wait.
    if (this.#waiting.length > 0 || !this.#mayStart()) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running++;
    try {
      return await body();
    } finally {
      this.#running--;
      this.#startWaiting();
    }
  }

  #startWaiting(): void {
    while (this.#waiting.length > 0 && this.#mayStart()) {
      this.#running++;
      this.#waiting.shift()?.();
    }
  }

  #mayStart(): boolean {
    if (this.#running === 0) return true;
    return (this.#limit === 0 || this.#running < this.#limit) && this.#hasRoom();
  }
}
