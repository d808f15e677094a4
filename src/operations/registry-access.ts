import { readFileSync } from 'node:fs';
import {
  type Credentials,
  findCredentials,
  findRegistryRule,
  parseCredentials,
  type Registries,
  readRegistries,
  readRegistryCertificates,
} from '../config/index.js';
import type { Store } from '../store/index.js';
import type { RegistryClient, TransportServices } from '../transports/index.js';
import type { Services } from './context.js';

/** How the user wants registries to be talked to; what is left out is taken from the configuration files. */
export interface RegistryOptions {
  readonly tlsVerify?: boolean | undefined;
  /** `USER:PASSWORD`. */
  readonly credentials?: string | undefined;
  /** Directory with certificates for every registry; left out: `certs.d/HOST` of the user or the system. */
  readonly certDir?: string | undefined;
}

/** Registries as the settings and flags describe them. Configuration files are read when the first registry is asked for. */
export class RegistryAccess {
  readonly #services: Services;
  readonly #options: RegistryOptions;
  #registries: Promise<Registries> | undefined;
  readonly #clients = new Map<string, Promise<RegistryClient>>();

  constructor(services: Services, options: RegistryOptions) {
    this.#services = services;
    this.#options = options;
  }

  registries(): Promise<Registries> {
    this.#registries ??= readRegistries(this.#services.settings);
    return this.#registries;
  }

  /**
   * What the transports need to reach registries.
   *
   * @param insecure whether plain HTTP and certificates that cannot be verified are accepted; left out: what registries.conf says of a host.
   *   `--tls-verify` goes before either
   */
  transportServices(store: Store, insecure?: boolean): TransportServices {
    const registry = async (host: string): Promise<RegistryClient> => {
      const accepted = insecure ?? (await this.#isInsecure(host));
      const key = `${host} ${accepted}`;
      let client = this.#clients.get(key);
      if (client === undefined) {
        client = this.#open(host, accepted);
        this.#clients.set(key, client);
      }
      return client;
    };
    return { store, registry, tempDir: this.#services.settings.tmpDir };
  }

  async #isInsecure(host: string): Promise<boolean> {
    return findRegistryRule(await this.registries(), host)?.insecure ?? false;
  }

  async #open(host: string, insecure: boolean): Promise<RegistryClient> {
    const { settings } = this.#services;
    const { tlsVerify, credentials, certDir } = this.#options;
    const certificates = readRegistryCertificates(host, certDir, settings);
    const { openRegistry } = await import('../registry/index.js');
    return openRegistry({
      host,
      insecure: tlsVerify === undefined ? insecure : !tlsVerify,
      ca: [...readCertificates(this.#services), ...certificates.authorities],
      clientCertificate: certificates.client,
      proxies: settings.proxies,
      credentials: async (repository: string): Promise<Credentials | undefined> =>
        credentials === undefined ? findCredentials(settings.authFiles, `${host}/${repository}`) : parseCredentials(credentials),
    });
  }
}

/** PEM texts of the authorities the user trusts besides Node's own list. */
export function readCertificates({ settings }: Services): readonly string[] {
  return settings.caFiles.map((file) => readFileSync(file, 'utf8'));
}
