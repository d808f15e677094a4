/** More bodies than the limit, while they would find an idle processor. */
export interface Surplus {
  /** Bodies at a time, those within the limit included. */
  readonly most: number;
  /** Watches the running bodies for a moment: how many processors they left alone. */
  idleProcessors(): Promise<number>;
}

export interface JobLimitOptions {
  /** Bodies at a time; 0: no limit. A function is asked when a second body comes. */
  readonly limit: number | (() => number);
  /** Left out: the limit is strict. */
  readonly surplus?: Surplus | undefined;
  /** Whether the machine has room for one more beside those that run; asked when one is about to start, and again when one has ended. */
  readonly hasRoom?: (() => boolean) | undefined;
}

/**
 * Lets only so many bodies run at a time; the others wait in the order they came. Without room a body waits too, unless it would be the
 * only one: something always runs, so everything gets its turn.
 *
 * A body that sleeps, or waits for the network, needs no processor: with a surplus those that wait start beyond the limit, one for each idle
 * processor, and the machine is watched again before the next.
 */
export class JobLimit {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #limit: () => number;
  readonly #hasRoom: () => boolean;
  readonly #surplus: Surplus | undefined;
  #isWatching = false;

  constructor({ limit, surplus, hasRoom }: JobLimitOptions) {
    if (typeof limit === 'number' && (!Number.isInteger(limit) || limit < 0))
      throw new RangeError(`Job limit must be a whole number from 0, got ${limit}`);
    this.#limit = typeof limit === 'number' ? () => limit : limit;
    this.#surplus = surplus;
    this.#hasRoom = hasRoom ?? (() => true);
  }

  async run<T>(body: () => Promise<T>): Promise<T> {
    // Nobody who comes later overtakes those who wait.
    if (this.#waiting.length > 0 || !this.#mayStart()) {
      const turn = new Promise<void>((go) => this.#waiting.push(go));
      this.#watch();
      await turn;
    } else {
      this.#running++;
    }
    try {
      return await body();
    } finally {
      this.#running--;
      while (this.#waiting.length > 0 && this.#mayStart()) this.#startNext();
      this.#watch();
    }
  }

  #startNext(): void {
    this.#running++;
    this.#waiting.shift()?.();
  }

  #mayStart(): boolean {
    if (this.#running === 0) return true;
    const limit = this.#limit();
    return (limit === 0 || this.#running < limit) && this.#hasRoom();
  }

  #watch(): void {
    if (this.#surplus === undefined || this.#isWatching || !this.#mayExceed(this.#surplus)) return;
    this.#isWatching = true;
    void this.#useIdle(this.#surplus).finally(() => {
      this.#isWatching = false;
    });
  }

  async #useIdle(surplus: Surplus): Promise<void> {
    while (this.#mayExceed(surplus)) {
      const idle = await surplus.idleProcessors();
      for (let started = 0; started < idle && this.#mayExceed(surplus) && this.#hasRoom(); started++) this.#startNext();
    }
  }

  #mayExceed(surplus: Surplus): boolean {
    return this.#waiting.length > 0 && this.#running < surplus.most;
  }
}
