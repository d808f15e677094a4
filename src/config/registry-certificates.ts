import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { SettingsError } from './errors.js';
import type { Settings } from './settings.js';

/** PEM texts. */
export interface RegistryCertificates {
  /** Authorities to trust besides the usual ones. */
  readonly authorities: readonly string[];
  /** What to show to a registry that asks who is there. */
  readonly client: { readonly cert: string; readonly key: string } | undefined;
}

const SYSTEM_DIRECTORIES = ['/etc/containers/certs.d', '/etc/docker/certs.d'];

/**
 * The certificates for one registry: authorities are its directory's `*.crt`, a client certificate is the first `NAME.cert`, with its key
 * in `NAME.key`. Its directory is `certDir`, else the first of `certs.d/HOST` of the user and of the system that exists.
 *
 * @param host as in image names, with the port if there is one
 * @throws {SettingsError} `certDir` or one of those files cannot be read, or a certificate has no key or a key no certificate
 * @see https://github.com/containers/image/blob/main/docs/containers-certs.d.5.md
 */
export function readRegistryCertificates(
  host: string,
  certDir: string | undefined,
  { configHome }: Pick<Settings, 'configHome'>,
  systemDirectories: readonly string[] = SYSTEM_DIRECTORIES,
): RegistryCertificates {
  const users = configHome === undefined ? [] : [join(configHome, 'containers/certs.d')];
  const directories = certDir === undefined ? [...users, ...systemDirectories].map((directory) => join(directory, host)) : [certDir];
  for (const directory of directories) {
    const names = listDirectory(directory, certDir !== undefined);
    if (names !== undefined) return readCertificates(directory, names);
  }
  return { authorities: [], client: undefined };
}

/** @returns undefined when it does not exist and need not */
function listDirectory(directory: string, required: boolean): readonly string[] | undefined {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (!required && (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR') || hasCode(error, 'EACCES'))) return undefined;
    throw new SettingsError(required ? '--cert-dir' : directory, `the directory "${directory}" cannot be read`, undefined, {
      cause: error,
    });
  }
}

function readCertificates(directory: string, names: readonly string[]): RegistryCertificates {
  const read = (name: string): string => {
    const path = join(directory, name);
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw new SettingsError(path, 'it cannot be read', undefined, { cause: error });
    }
  };
  const basesOf = (suffix: string) => names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
  const [certificates, keys] = [basesOf('.cert'), basesOf('.key')];
  for (const base of certificates)
    demandPartner(keys, base, join(directory, `${base}.cert`), `its key, "${base}.key", is missing beside it`);
  for (const base of keys)
    demandPartner(certificates, base, join(directory, `${base}.key`), `its certificate, "${base}.cert", is missing beside it`);
  const [first] = certificates;
  return {
    authorities: basesOf('.crt').map((base) => read(`${base}.crt`)),
    client: first === undefined ? undefined : { cert: read(`${first}.cert`), key: read(`${first}.key`) },
  };
}

function demandPartner(others: readonly string[], base: string, path: string, problem: string): void {
  if (others.includes(base)) return;
  const hint = 'Authorities are NAME.crt; a client certificate is NAME.cert with NAME.key';
  throw new SettingsError(path, problem, undefined, { hint });
}
