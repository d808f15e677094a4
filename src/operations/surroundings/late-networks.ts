import type { Networks, NetworksOptions } from '../../sandbox/index.js';
import type { Services } from '../context.js';

/** The networks of an operation, loaded when a command runs. */
export class LateNetworks {
  #networks: Promise<Networks> | undefined;

  /**
   * @param extraHosts of `--add-host`: one may ask for this machine's address
   * @param onDefault told which network commands have that ask for none
   */
  constructor(
    readonly extraHosts: readonly { readonly address: string }[],
    readonly proxies: Readonly<Record<string, string>>,
    readonly services: Services,
    readonly onDefault: NetworksOptions['onDefault'],
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
      proxies: this.proxies,
      path: settings.environment.PATH,
      hostReachable: this.extraHosts.some(({ address }) => address === 'host-gateway'),
      onDefault: this.onDefault,
    });
  }
}
