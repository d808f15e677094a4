import { readFileSync } from 'node:fs';
import {
  type AuthFile,
  admitRegistry,
  type Credentials,
  findCredentials,
  findRegistryRule,
  parseCredentials,
  type Registries,
  readContainersConf,
  readRegistries,
  readRegistryCertificates,
} from '../config/index.js';
import { UsageError } from '../errors.js';
import { parseGoDuration } from '../parser/index.js';
import type { Registry } from '../registry/index.js';
import type { Store } from '../store/index.js';
import type { TransportServices } from '../transports/index.js';
import type { Services } from './context.js';

const DEFAULT_RETRIES = 3;
const DEFAULT_RETRY_DELAY_MS = 1000;

/** How the user wants registries to be talked to; what is left out is taken from the configuration files. */
export interface RegistryOptions {
  readonly tlsVerify?: boolean | undefined;
  /** `USER:PASSWORD`. */
  readonly credentials?: string | undefined;
  /** Directory with certificates for every registry; left out: `certs.d/HOST` of the user or the system. */
  readonly certDir?: string | undefined;
  /** Tries after the first one that failed. */
  readonly retries?: number | undefined;
  /** Before the second try, as Go writes durations: `2s`. */
  readonly retryDelay?: string | undefined;
  /** Files with credentials in place of those of the settings. */
  readonly authFiles?: readonly AuthFile[] | undefined;
  /** Ask as nobody in particular, whatever the credential files hold. */
  readonly anonymous?: boolean | undefined;
}

/** Registries as the settings and flags describe them. Configuration files are read when the first registry is asked for. */
export class RegistryAccess {
  readonly #services: Services;
  readonly #options: RegistryOptions;
  #registries: Promise<Registries> | undefined;
  readonly #clients = new Map<string, Promise<Registry>>();
  readonly #mirrors = new Set<string>();

  constructor(services: Services, options: RegistryOptions) {
    this.#services = services;
    this.#options = options;
  }

  registries(): Promise<Registries> {
    this.#registries ??= readRegistries(this.#services.settings);
    return this.#registries;
  }

  /** `host` stands in for a registry of another name: what the user gave as credentials for that one is not for it. */
  treatAsMirror(host: string): void {
    this.#mirrors.add(host);
  }

  /** The registry itself, for what is not about an image. */
  client(host: string, insecure?: boolean): Promise<Registry> {
    return this.#client(host, insecure);
  }

  /**
   * What the transports need to reach registries.
   *
   * @param insecure whether plain HTTP and certificates that cannot be verified are accepted; left out: what registries.conf says of a host.
   *   `--tls-verify` goes before either
   */
  transportServices(store: Store, insecure?: boolean): TransportServices {
    return { store, registry: (host) => this.#client(host, insecure), tempDir: this.#services.settings.tmpDir };
  }

  async #client(host: string, insecure: boolean | undefined): Promise<Registry> {
    const admitted = admitRegistry(this.#services.settings.environment, host);
    const accepted = admitted.insecure || (insecure ?? (await this.#isInsecure(host)));
    const key = `${host} ${accepted}`;
    let client = this.#clients.get(key);
    if (client === undefined) {
      client = this.#open(host, accepted);
      this.#clients.set(key, client);
    }
    return client;
  }

  async #isInsecure(host: string): Promise<boolean> {
    return findRegistryRule(await this.registries(), host)?.insecure ?? false;
  }

  async #open(host: string, insecure: boolean): Promise<Registry> {
    const { settings } = this.#services;
    const { tlsVerify, credentials, certDir, anonymous, authFiles = settings.authFiles } = this.#options;
    const conf = await readContainersConf(settings, ['retry', 'retry_delay', 'image_parallel_copies']);
    const { retries = conf.retries ?? DEFAULT_RETRIES, retryDelay = conf.retryDelay } = this.#options;
    const certificates = readRegistryCertificates(host, certDir, settings);
    const { openRegistry } = await import('../registry/index.js');
    return openRegistry({
      host,
      insecure: tlsVerify === undefined ? insecure : !tlsVerify,
      ca: [...readCertificates(this.#services), ...certificates.authorities],
      clientCertificate: certificates.client,
      proxies: settings.proxies,
      // As in the file's own default, 0 chooses nothing.
      parallelCopies: conf.parallelCopies || undefined,
      retry: { retries, delayMs: retryDelayMs(retryDelay) },
      credentials: async (repository: string): Promise<Credentials | undefined> => {
        if (anonymous === true) return undefined;
        if (credentials !== undefined && !this.#mirrors.has(host)) return parseCredentials(credentials);
        return findCredentials(authFiles, repository === '' ? host : `${host}/${repository}`);
      },
    });
  }
}

function retryDelayMs(text: string | undefined): number {
  if (text === undefined) return DEFAULT_RETRY_DELAY_MS;
  try {
    return Math.max(0, parseGoDuration(text) / 1e6);
  } catch (cause) {
    throw new UsageError(`invalid retry delay: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** PEM texts of the authorities the user trusts besides Node's own list. */
export function readCertificates({ settings }: Services): readonly string[] {
  return settings.caFiles.map((file) => readFileSync(file, 'utf8'));
}
