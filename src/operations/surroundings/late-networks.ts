import type { Networks } from '../../sandbox/index.js';
import type { Services } from '../context.js';

/** The networks of an operation, loaded when a command runs. */
export class LateNetworks {
  #networks: Promise<Networks> | undefined;

  /**
   * @param extraHosts of `--add-host`: one may ask for this machine's address
   */
  constructor(
    readonly extraHosts: readonly { readonly address: string }[],
    readonly services: Services,
  ) {}

  readonly open = (): Promise<Networks> => {
    this.#networks ??= this.#load();
    return this.#networks;
  };

  /** When no command runs any more. */
  async close(): Promise<void> {
    await (await this.#networks)?.close();
  }

  async #load(): Promise<Networks> {
    const { Networks } = await import('../../sandbox/index.js');
    const { settings } = this.services;
    return new Networks({
      isRealRoot: settings.idMode === 'root',
      path: settings.environment.PATH,
      hostReachable: this.extraHosts.some(({ address }) => address === 'host-gateway'),
    });
  }
}
