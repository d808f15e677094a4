import { UsageError } from '../../errors.js';

const KNOWN = ['security.insecure', 'network.host', 'buildx.local.delete', 'device'] as const;

export type Entitlement = (typeof KNOWN)[number];

/** What the user lets a build do, or a Containerfile ask for, that goes beyond the usual: BuildKit's entitlements. */
export class Entitlements {
  readonly #granted: ReadonlySet<string>;

  /** @param granted as given to `--allow` */
  constructor(granted: readonly string[]) {
    this.#granted = new Set(granted.map(readEntitlement));
  }

  /** @throws {UsageError} the user did not allow it @param what asks for it */
  demand(entitlement: Entitlement, what: string): void {
    if (this.#granted.has(entitlement)) return;
    throw new UsageError(`${what} is not allowed: ${entitlement}`, { hint: `If you mean it, add --allow ${entitlement}` });
  }
}

/** @throws {UsageError} there is none of that name */
function readEntitlement(text: string): Entitlement {
  const found = KNOWN.find((known) => known === text);
  if (found !== undefined) return found;
  throw new UsageError(`invalid entitlement ${JSON.stringify(text)}`, { hint: `There are ${KNOWN.join(', ')}` });
}
