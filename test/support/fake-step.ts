import type { BuildCache, Step, StepKey } from '../../src/builder/scheduler/index.js';

export interface FakeResult {
  readonly name: string;
}

/** A step that counts how often each question was asked. */
export class FakeStep implements Step<FakeResult> {
  keyAsked = 0;
  runs = 0;
  contentAsked = 0;
  unused = 0;

  constructor(
    readonly label: string,
    readonly inputs: readonly FakeStep[] = [],
    readonly body: (signal: AbortSignal) => Promise<void> = async () => {},
    readonly definition: string = label,
  ) {}

  async key(inputs: readonly FakeResult[]): Promise<StepKey> {
    this.keyAsked++;
    return {
      definition: this.definition,
      parentContent: async () => {
        this.contentAsked++;
        return inputs.map((input) => input.name).join('+');
      },
      unused: () => void this.unused++,
    };
  }

  async run(_inputs: readonly FakeResult[], _key: StepKey, options: { readonly signal: AbortSignal }): Promise<FakeResult> {
    this.runs++;
    await this.body(options.signal);
    return { name: this.label };
  }
}

/** A cache over `definition parent` strings. */
export function fakeCache(records: Readonly<Record<string, string>> = {}): BuildCache<FakeResult> {
  return {
    async find(key) {
      if (!Object.keys(records).some((record) => record.startsWith(`${key.definition} `))) return undefined;
      const name = records[`${key.definition} ${await key.parentContent()}`];
      return name === undefined ? undefined : { name };
    },
  };
}
