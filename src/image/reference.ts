import { TsbuildError } from '../errors.js';
import { withoutPasswords } from '../url-passwords.js';
import { type Digest, isDigest } from './digest.js';

/** The name of an image in a registry, fully qualified. Two spellings of one name are one value. */
export interface ImageReference {
  /** Host and optional port, lower case unless only upper case makes it a host (`Registry`): `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** Path below the registry: `library/debian`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

export class ReferenceSyntaxError extends TsbuildError {
  readonly code = 'REFERENCE_SYNTAX';
  constructor(
    readonly text: string,
    readonly problem: string,
  ) {
    super(`Invalid image name ${JSON.stringify(withoutPasswords(text).slice(0, 300))}: ${withoutPasswords(problem)}`, {
      hint: 'Write an image name as [HOST[:PORT]/]PATH[:TAG][@sha256:HEX], with a lower-case path',
    });
  }
}

const DEFAULT_REGISTRY = 'docker.io';
const DEFAULT_TAG = 'latest';
// The grammar of https://github.com/distribution/reference/blob/v0.6.0/regexp.go
const HOST = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const MAX_NAME_LENGTH = 255;

/**
 * Read an image name, with Docker's defaults: no host means `docker.io`, and one path component there means `library/`.
 * Tag and digest stay absent when they are not written.
 *
 * @throws {ReferenceSyntaxError} the text is not a name of the distribution grammar
 * @see https://github.com/distribution/reference/blob/v0.6.0/reference.go
 */
export function parseReference(text: string): ImageReference {
  const { host, path, tag, digest } = splitReference(text);
  const registry = normalizeHost(host ?? DEFAULT_REGISTRY);
  const repository = registry === DEFAULT_REGISTRY && !path.includes('/') ? `library/${path}` : path;
  if (registry.length + 1 + repository.length > MAX_NAME_LENGTH) {
    throw new ReferenceSyntaxError(text, `host and path are longer than ${MAX_NAME_LENGTH} characters`);
  }
  return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The one canonical spelling: `docker.io/library/debian:12@sha256:…`; what is absent is left out. */
export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** `reference` with `:latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: ImageReference): ImageReference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: DEFAULT_TAG } : reference;
}

/** True when no registry is written: the first component has no `.` and no `:` and is not `localhost`. */
export function isShortName(text: string): boolean {
  return splitReference(text).host === undefined;
}

/**
 * The name under which an image built or tagged here is stored: `app` becomes `localhost/app:latest`, as with Buildah.
 *
 * @throws {ReferenceSyntaxError} not a name, or one with a digest: the digest of what will be stored is not the user's to choose
 */
export function localName(text: string): string {
  const reference = isShortName(text) ? parseReference(`localhost/${text}`) : parseReference(text);
  if (reference.digest !== undefined) throw new ReferenceSyntaxError(text, 'a name for a new image cannot carry a digest');
  return formatReference(withDefaultTag(reference));
}

/**
 * The canonical names to try for `text`, best first. A qualified name has one; a short name has one per search registry,
 * preceded by `localhost/NAME` when `local` is set (looking in the store, not in registries).
 *
 * @throws {ReferenceSyntaxError} not a name
 */
export function candidateNames(
  text: string,
  options: { readonly searchRegistries: readonly string[]; readonly local: boolean },
): readonly string[] {
  if (!isShortName(text)) return [formatReference(withDefaultTag(parseReference(text)))];
  const hosts = options.local ? ['localhost', ...options.searchRegistries] : options.searchRegistries;
  const names = hosts.map((host) => formatReference(withDefaultTag(parseReference(`${host}/${text}`))));
  return [...new Set(names)];
}

interface ReferenceParts {
  readonly host: string | undefined;
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

function splitReference(text: string): ReferenceParts {
  const [named, digest] = splitDigest(text);
  const slash = named.indexOf('/');
  const first = named.slice(0, slash);
  const host = slash !== -1 && looksLikeHost(first) ? first : undefined;
  const rest = host === undefined ? named : named.slice(slash + 1);
  const colon = rest.indexOf(':');
  const path = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? undefined : rest.slice(colon + 1);
  checkParts(text, { host, path, tag });
  return { host, path, tag, digest };
}

function splitDigest(text: string): [string, Digest | undefined] {
  const at = text.indexOf('@');
  if (at === -1) return [text, undefined];
  const digest = text.slice(at + 1);
  if (!isDigest(digest)) throw new ReferenceSyntaxError(text, 'after @ there must be sha256: and 64 hexadecimal digits');
  return [text.slice(0, at), digest];
}

// A component with upper case cannot be a path, so it can only be meant as a host (distribution/reference, splitDockerDomain).
function looksLikeHost(component: string): boolean {
  return component.includes('.') || component.includes(':') || component === 'localhost' || component !== component.toLowerCase();
}

function checkParts(text: string, parts: { host: string | undefined; path: string; tag: string | undefined }): void {
  const { host, path, tag } = parts;
  if (text === '') throw new ReferenceSyntaxError(text, 'it is empty');
  if (host !== undefined && !(HOST.test(host) && hasValidPort(host))) {
    throw new ReferenceSyntaxError(text, `${JSON.stringify(host)} is not a host name with an optional port`);
  }
  if (!PATH.test(path)) throw new ReferenceSyntaxError(text, pathProblem(path));
  // Docker's clients read 64 hexadecimal digits as an image ID, so no repository may be called that.
  if (host === undefined && /^[a-f0-9]{64}$/.test(path)) throw new ReferenceSyntaxError(text, 'it is an image ID, not a name');
  if (tag !== undefined && !TAG.test(tag)) throw new ReferenceSyntaxError(text, `${JSON.stringify(tag)} is not a tag`);
}

function pathProblem(path: string): string {
  if (path === '') return 'the path is empty';
  if (path !== path.toLowerCase() && PATH.test(path.toLowerCase())) return 'invalid reference format: repository name must be lowercase';
  return `${JSON.stringify(path)} is not a path of lower-case letters, digits and single separators`;
}

function hasValidPort(host: string): boolean {
  const port = /:([0-9]+)$/.exec(host)?.[1];
  // `host:05000` would be the same server by another name, which rules for `host:5000` do not know.
  return port === undefined || (/^[1-9]/.test(port) && Number(port) < 65536);
}

function normalizeHost(host: string): string {
  const lower = host.toLowerCase();
  if (lower === 'index.docker.io') return DEFAULT_REGISTRY;
  // A host that only its upper case tells from a path keeps it: in lower case it would be a path of docker.io the next time it is read.
  return looksLikeHost(lower) ? lower : host;
}
