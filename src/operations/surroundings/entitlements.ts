import { UsageError } from '../../errors.js';

const KNOWN = ['security.insecure', 'network.host', 'buildx.local.delete', 'device'] as const;

export type Entitlement = Exclude<(typeof KNOWN)[number], 'device'>;

/** What the user lets a build do, or a Containerfile ask for, that goes beyond the usual: BuildKit's entitlements. */
export class Entitlements {
  readonly #granted = new Set<string>();
  /** Real names of devices by those that instructions may use. */
  readonly #devices = new Map<string, string>();

  /** @param granted as given to `--allow` @throws {UsageError} there is none of that name */
  constructor(granted: readonly string[]) {
    for (const text of granted) {
      if (text.startsWith('device=')) this.#grantDevice(text);
      else this.#granted.add(readEntitlement(text));
    }
  }

  /** @throws {UsageError} the user did not allow it @param what asks for it */
  demand(entitlement: Entitlement, what: string): void {
    if (this.#granted.has(entitlement)) return;
    throw new UsageError(`${what} is not allowed: ${entitlement}`, { hint: `If you mean it, add --allow ${entitlement}` });
  }

  /** The name of the device that an instruction may use as `name`. @throws {UsageError} the user did not allow it */
  demandDevice(name: string): string {
    const device = this.#devices.get(name) ?? (this.#granted.has('device') ? name : undefined);
    if (device !== undefined) return device;
    throw new UsageError(`RUN --device=${name} is not allowed: device`, {
      hint: `If you mean it, add --allow device=${name}, or --allow device for all of them`,
    });
  }

  /** `device=NAME[,alias=NAME]` */
  #grantDevice(text: string): void {
    const [device = '', ...rest] = text.slice('device='.length).split(',');
    const aliases = rest.map((part) => /^alias=(.+)$/.exec(part)?.[1]);
    if (device === '' || aliases.includes(undefined))
      throw new UsageError(`invalid entitlement ${JSON.stringify(text)}`, { hint: 'A device is allowed by device=NAME[,alias=NAME]' });
    for (const name of [device, ...aliases]) if (name !== undefined) this.#devices.set(name, device);
  }
}

function readEntitlement(text: string): Entitlement | 'device' {
  const found = KNOWN.find((known) => known === text);
  if (found !== undefined) return found;
  throw new UsageError(`invalid entitlement ${JSON.stringify(text)}`, { hint: `There are ${KNOWN.join(', ')}` });
}
