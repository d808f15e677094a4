/** Lets at most `limit` bodies run at a time; the others wait in the order they came. `0` means no limit. */
export class JobLimit {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(readonly limit: number) {
    if (!Number.isInteger(limit) || limit < 0) throw new RangeError(`Job limit must be a whole number from 0, got ${limit}`);
  }

  async run<T>(body: () => Promise<T>): Promise<T> {
    if (this.limit > 0 && this.#running >= this.limit) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running++;
    try {
      return await body();
    } finally {
      // The place is handed over, not freed and taken again, so that nobody who comes later overtakes.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
