import { type Environment, readVariable } from './environment.js';
import { RegistryDeniedError, SettingsError } from './errors.js';

const VARIABLE = 'BUILD_REGISTRY_SOURCES';

/**
 * What $BUILD_REGISTRY_SOURCES, by which OpenShift's build controller rules its builds, says of a registry.
 *
 * @param host with the port if there is one
 * @returns whether it may be one without certificates
 * @throws {RegistryDeniedError} it is blocked, or others only are allowed
 * @throws {SettingsError} the variable is not JSON of the expected form: a rule that is misread protects nothing
 */
export function admitRegistry(environment: Environment, host: string): { readonly insecure: boolean } {
  const text = readVariable(environment, VARIABLE);
  if (text === undefined) return { insecure: false };
  const sources = parseSources(text);
  const hosts = (key: string): readonly string[] => listOf(sources, key);
  if (hosts('blockedRegistries').includes(host)) throw new RegistryDeniedError(host, 'it is in the blocked registries list');
  const allowed = hosts('allowedRegistries');
  if (allowed.length > 0 && !allowed.includes(host)) throw new RegistryDeniedError(host, 'not in allowed registries list');
  return { insecure: hosts('insecureRegistries').includes(host) };
}

function parseSources(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new SettingsError(VARIABLE, 'it is not JSON', undefined, { cause });
  }
  throw new SettingsError(VARIABLE, 'it is not a JSON object');
}

function listOf(sources: Readonly<Record<string, unknown>>, key: string): readonly string[] {
  const value = sources[key] ?? [];
  if (Array.isArray(value) && value.every((host) => typeof host === 'string')) return value;
  throw new SettingsError(VARIABLE, `"${key}" is not a list of texts`);
}
