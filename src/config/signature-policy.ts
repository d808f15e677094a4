import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { jsonProblem } from '../json-problem.js';
import { PolicyDeniedError, SettingsError, SignatureRequiredError } from './errors.js';
import { objectAt, type PolicyRequirement, parseRequirement, refuseUnknown, type SignedBy } from './policy-requirements.js';
import { withLowerHost, withoutHttpsPort } from './registries.js';
import type { Settings } from './settings.js';

/** Which images may be used, by where they come from. */
export interface SignaturePolicy {
  /** Undefined: there is no policy, and every image may be used. */
  readonly path: string | undefined;
  readonly fallback: readonly PolicyRequirement[];
  /** By transport, then by scope; the scope "" is the transport's own default. */
  readonly transports: ReadonlyMap<string, ReadonlyMap<string, readonly PolicyRequirement[]>>;
}

/** An image as the policy knows it. */
export interface PolicySubject {
  /** `docker`, `oci`, `oci-archive`, `docker-archive`, `dir`. */
  readonly transport: string;
  /** For people. */
  readonly name: string;
  /** The scopes that may be meant, the narrowest first. */
  readonly scopes: readonly string[];
}

type Places = Pick<Settings, 'configHome' | 'policyFile'>;

/** Of a policy that says all it can there are five. */
const MAX_DEPTH = 16;
const SYSTEM_FILES = ['/etc/containers/policy.json', '/usr/share/containers/policy.json'];

/**
 * Read policy.json: the one the user named, else the user's own, else the system's. Without any, every image may be used.
 *
 * @throws {SettingsError} a file is not what a policy is: a policy that is misread protects nothing
 * @see https://github.com/containers/image/blob/main/docs/containers-policy.json.5.md
 */
export function readSignaturePolicy(places: Places, systemFiles: readonly string[] = SYSTEM_FILES): SignaturePolicy {
  const own = places.configHome === undefined ? [] : [join(places.configHome, 'containers/policy.json')];
  const files = places.policyFile === undefined ? [...own, ...systemFiles] : [places.policyFile];
  for (const path of files) {
    const text = readText(path, places.policyFile !== undefined);
    if (text !== undefined) return parsePolicy(path, text);
  }
  return { path: undefined, fallback: [{ type: 'insecureAcceptAnything' }], transports: new Map() };
}

/** Signatures that an image must have before it is let in, each of them. */
export interface DemandedSignatures {
  readonly policyFile: string;
  /** The part of the policy that says so. */
  readonly scope: string;
  readonly demands: readonly SignedBy[];
}

/**
 * @returns what is still to be seen to; undefined: the image may be used
 * @throws {PolicyDeniedError} the policy rejects the image
 * @throws {SignatureRequiredError} it wants a signature of a kind that is not looked at here
 */
export function demandAccepted(policy: SignaturePolicy, subject: PolicySubject): DemandedSignatures | undefined {
  const { scope, requirements } = requirementsFor(policy, subject);
  const path = policy.path ?? '';
  if (requirements.some(({ type }) => type === 'reject')) throw new PolicyDeniedError(subject.name, path, scope);
  const unverifiable = requirements.find((requirement) => requirement.type === 'unverifiable');
  if (unverifiable !== undefined) throw new SignatureRequiredError(subject.name, path, scope, unverifiable.word);
  const demands = requirements.filter((requirement) => requirement.type === 'signedBy');
  return demands.length === 0 ? undefined : { policyFile: path, scope, demands };
}

/** The scopes of an image of a registry: its tag or digest, its repository, each part above it, its host, and wildcards of its domain. */
export function registryScopes(repository: string, suffix: string): readonly string[] {
  const parts = repository.split('/');
  const host = parts[0] ?? '';
  const above = parts.map((_, position) => parts.slice(0, parts.length - position).join('/'));
  const named = [`${repository}${suffix}`, ...above].flatMap((scope) => [...new Set([scope, withoutHttpsPort(scope)])]);
  const labels = host.replace(/:.*$/, '').split('.');
  const port = /:.*$/.exec(host)?.[0] ?? '';
  const wildcards = labels.slice(1).map((_, position) => `*.${labels.slice(position + 1).join('.')}${port}`);
  return [...named, ...wildcards.flatMap((scope) => [...new Set([scope, withoutHttpsPort(scope)])])];
}

/** The scopes of an image below a path: the image, its file or directory, and each directory above it. */
export function pathScopes(path: string, suffix: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '');
  const above = parts.map((_, position) => `/${parts.slice(0, parts.length - position).join('/')}`);
  return suffix === '' ? above : [`${path}${suffix}`, ...above];
}

function requirementsFor(
  { fallback, transports }: SignaturePolicy,
  { transport, scopes }: PolicySubject,
): { readonly scope: string; readonly requirements: readonly PolicyRequirement[] } {
  const known = transports.get(transport);
  for (const scope of [...scopes, '']) {
    const requirements = known?.get(scope);
    if (requirements !== undefined) return { scope: scope === '' ? transport : `${transport}:${scope}`, requirements };
  }
  return { scope: 'default', requirements: fallback };
}

function readText(path: string, required: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR'))) return undefined;
    throw new SettingsError(path, 'the signature policy cannot be read', undefined, { cause: error });
  }
}

function parsePolicy(path: string, text: string): SignaturePolicy {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new SettingsError(path, 'the signature policy is not JSON', undefined, { cause });
  }
  const problem = jsonProblem(text, MAX_DEPTH);
  if (problem !== undefined) throw new SettingsError(path, `the signature policy is ambiguous: ${problem}`);
  const root = objectAt(path, document, 'the policy');
  refuseUnknown(path, root, ['default', 'transports'], 'the policy');
  if (root.default === undefined) throw new SettingsError(path, '"default" is missing');
  const transports = new Map<string, ReadonlyMap<string, readonly PolicyRequirement[]>>();
  for (const [transport, scopes] of Object.entries(objectAt(path, root.transports ?? {}, '"transports"'))) {
    const byScope = new Map<string, readonly PolicyRequirement[]>();
    for (const [written, list] of Object.entries(objectAt(path, scopes, `"transports.${transport}"`))) {
      const scope = transport === 'docker' ? withLowerHost(written) : written;
      if (byScope.has(scope)) throw new SettingsError(path, `"transports.${transport}" has the scope ${JSON.stringify(scope)} twice`);
      byScope.set(scope, requirementsAt(path, list, `"transports.${transport}.${written}"`));
    }
    transports.set(transport, byScope);
  }
  return { path, fallback: requirementsAt(path, root.default, '"default"'), transports };
}

function requirementsAt(path: string, list: unknown, where: string): readonly PolicyRequirement[] {
  if (!Array.isArray(list) || list.length === 0) throw new SettingsError(path, `${where} is not a list of one requirement or more`);
  return list.map((entry: unknown) => parseRequirement(path, entry, where));
}
