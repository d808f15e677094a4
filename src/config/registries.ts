import { SettingsError } from './errors.js';

/** One place a `[[registry]]` table or its mirror points to. */
export interface RegistryEndpoint {
  /** Host, optional port and optional path: `mirror:5000/bar`. */
  readonly location: string;
  /** Plain HTTP and certificates that cannot be verified are accepted. */
  readonly insecure: boolean;
}

export interface RegistryMirror extends RegistryEndpoint {
  readonly pullFrom: 'all' | 'digest-only' | 'tag-only';
}

/** A `[[registry]]` table. */
export interface RegistryRule extends RegistryEndpoint {
  /** Image names that start here are meant: `example.com/foo`, or `*.example.com` for every host below a domain. */
  readonly prefix: string;
  readonly blocked: boolean;
  readonly mirrors: readonly RegistryMirror[];
}

/** What registries.conf and its drop-ins say, merged. */
export interface Registries {
  /** The files that were read, in order. */
  readonly files: readonly string[];
  readonly searchRegistries: readonly string[];
  readonly shortNameMode: 'enforcing' | 'permissive' | 'disabled';
  readonly credentialHelpers: readonly string[];
  readonly rules: readonly RegistryRule[];
  /** Short name to full name, without tag. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** Where an image can be had, in the order to try. */
export interface ImageLocation {
  /** Image name with its host, tag and digest, rewritten for this place. */
  readonly name: string;
  readonly insecure: boolean;
  readonly mirror: boolean;
}

/**
 * The rule for an image name: the one with the longest prefix that ends at a `:`, `/` or `@` of the name.
 *
 * @param name full image name, host first
 * @see https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md#choosing-a-registry-toml-table
 */
export function findRegistryRule(registries: Registries, name: string): RegistryRule | undefined {
  const matching = registries.rules.filter((rule) => restAfter(rule.prefix, name) !== undefined);
  return matching.sort((a, b) => b.prefix.length - a.prefix.length)[0];
}

/**
 * Mirrors first, then the registry itself; a name without a rule is just itself. Pushes use only the last entry.
 *
 * @throws {SettingsError} the rule blocks the registry
 */
export function locateImage(registries: Registries, name: string): readonly ImageLocation[] {
  const rule = findRegistryRule(registries, name);
  if (rule === undefined) return [{ name, insecure: false, mirror: false }];
  if (rule.blocked)
    throw new SettingsError(registries.files.join(', '), `registry ${rule.prefix} is blocked there, so ${name} cannot be used`);
  const byDigest = name.includes('@');
  const usable = rule.mirrors.filter(({ pullFrom }) => pullFrom === 'all' || (pullFrom === 'digest-only') === byDigest);
  // A host wildcard stands for whatever host matched, so only an explicit location replaces it.
  const rest = restAfter(rule.prefix, name) ?? '';
  const rewrite = (location: string): string => (location.startsWith('*.') ? name : location + rest);
  return [
    ...usable.map((mirror) => ({ name: rewrite(mirror.location), insecure: mirror.insecure, mirror: true })),
    { name: rewrite(rule.location), insecure: rule.insecure, mirror: false },
  ];
}

/**
 * The full names a short name may stand for, in the order to try: its alias alone, else each search registry.
 * Empty when nothing says where to look.
 *
 * @param name short name, with or without tag or digest
 */
export function expandShortName(registries: Registries, name: string): readonly string[] {
  const end = /[:@]/.exec(name)?.index ?? name.length;
  const alias = registries.aliases.get(name.slice(0, end));
  if (alias !== undefined && alias !== '') return [alias + name.slice(end)];
  return registries.searchRegistries.map((registry) => {
    const path = registry === 'docker.io' && !name.includes('/') ? `library/${name}` : name;
    return `${registry}/${path}`;
  });
}

/** What follows the prefix; undefined when it does not match. `host:443` is matched as `host` too: it is the same server. */
function restAfter(prefix: string, name: string): string | undefined {
  const forms = [name, withoutHttpsPort(name)].map((form) => ({ form, length: prefixLength(prefix, form) }));
  const found = forms.find(({ length }) => length !== undefined);
  return found?.form.slice(found.length);
}

/** Names of images and prefixes of such, host first. */
export function withoutHttpsPort(name: string): string {
  return name.replace(/^([^/@]*):443(?=[/@]|$)/, '$1');
}

/** As names have it: the case of a host means nothing. */
export function withLowerHost(name: string): string {
  return name.replace(/^[^/]*/, (host) => host.toLowerCase());
}

/** How many characters of `name` the prefix covers; undefined when it does not match. */
function prefixLength(prefix: string, name: string): number | undefined {
  if (prefix.startsWith('*.')) {
    const host = /^[^/:@]+/.exec(name)?.[0] ?? '';
    const rest = host.length > prefix.length - 1 && host.endsWith(prefix.slice(1));
    return rest ? host.length : undefined;
  }
  if (!name.startsWith(prefix)) return undefined;
  const next = name.charAt(prefix.length);
  return next === '' || next === ':' || next === '/' || next === '@' ? prefix.length : undefined;
}
