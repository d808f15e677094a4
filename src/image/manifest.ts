import * as v from 'valibot';
import type { Descriptor } from './descriptor.js';
import { foldCase } from './fold-case.js';
import { DOCKER_CONFIG, DOCKER_MANIFEST, isIndexType, isManifestType, OCI_INDEX, OCI_MANIFEST } from './media-types.js';
import { indexSchema, manifestSchema } from './schemas.js';
import { ManifestError, parseStrictJson } from './strict-json.js';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  /** Bottom first. */
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a registry or layout gives for a name: one image, or an index of several. `mediaType` is the established one. */
export type ManifestDocument =
  | { readonly kind: 'manifest'; readonly mediaType: string; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly mediaType: string; readonly index: Index };

/** The largest manifest or index accepted, in bytes; registries must accept as much, so nobody needs more. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

export interface ParseOptions {
  /** What another party says the type is: a Content-Type header, a descriptor's media type. Parameters after `;` are ignored. */
  readonly declaredType?: string | undefined;
  /** For error messages: `manifest of docker.io/library/debian:12`. */
  readonly subject?: string | undefined;
}

/**
 * Read a manifest or an index. Bytes that two readers could take for different things are refused: members of the other kind,
 * members that differ from known ones in case only, repeated keys, a media type inside that is not the declared one.
 * Unknown members are ignored; whoever copies an image copies the bytes.
 *
 * @throws {ManifestError} too large, malformed, ambiguous, or of schema 1
 * @see https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
 */
export function parseManifestDocument(bytes: Uint8Array, options: ParseOptions = {}): ManifestDocument {
  const subject = options.subject ?? 'manifest';
  const value = parseStrictJson(bytes, subject, MAX_MANIFEST_BYTES);
  if (!isRecord(value)) throw new ManifestError(subject, 'it is not a JSON object');
  const mediaType = establishType(value, baseType(options.declaredType), subject);
  if (isIndexType(mediaType)) {
    refuseMembers(value, { own: INDEX_MEMBERS, foreign: ['config', 'layers', 'fsLayers', 'history'] }, subject);
    return { kind: 'index', mediaType, index: check(indexSchema, value, subject) as unknown as Index };
  }
  refuseMembers(value, { own: MANIFEST_MEMBERS, foreign: ['manifests', 'fsLayers', 'history'] }, subject);
  return { kind: 'manifest', mediaType, manifest: check(manifestSchema, value, subject) as unknown as Manifest };
}

/** @throws {ManifestError} as {@link parseManifestDocument}, or it is an index */
export function parseManifest(bytes: Uint8Array, options: ParseOptions = {}): Manifest {
  const document = parseManifestDocument(bytes, options);
  if (document.kind !== 'manifest') throw new ManifestError(options.subject ?? 'manifest', 'it is an index, not an image manifest');
  return document.manifest;
}

/** @throws {ManifestError} as {@link parseManifestDocument}, or it is the manifest of a single image */
export function parseIndex(bytes: Uint8Array, options: ParseOptions = {}): Index {
  const document = parseManifestDocument(bytes, { subject: 'index', ...options });
  if (document.kind !== 'index') throw new ManifestError(options.subject ?? 'index', 'it is an image manifest, not an index');
  return document.index;
}

/** Run `schema` over `value` and return it, typed; the first problem becomes the error. */
export function check<S extends v.GenericSchema>(schema: S, value: unknown, subject: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new ManifestError(subject, `${path === null ? 'it' : JSON.stringify(path)} is wrong: ${issue.message}`);
}

const MANIFEST_MEMBERS = ['schemaVersion', 'mediaType', 'artifactType', 'config', 'layers', 'subject', 'annotations'];
const INDEX_MEMBERS = ['schemaVersion', 'mediaType', 'artifactType', 'manifests', 'subject', 'annotations'];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The known manifest type that was declared, or undefined for none and for types that say nothing (`application/json`). */
function baseType(declared: string | undefined): string | undefined {
  const type = declared?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === undefined) return undefined;
  return isManifestType(type) || isIndexType(type) || isSchema1(type) ? type : undefined;
}

function isSchema1(mediaType: string): boolean {
  return /^application\/vnd\.docker\.distribution\.manifest\.v1\+/.test(mediaType);
}

function establishType(value: Record<string, unknown>, declared: string | undefined, subject: string): string {
  const stated = typeof value.mediaType === 'string' ? value.mediaType : undefined;
  if (value.schemaVersion === 1 || isSchema1(declared ?? '') || isSchema1(stated ?? '')) {
    throw new ManifestError(
      subject,
      'it is a Docker schema 1 manifest, a format withdrawn in 2019; push the image again with a current tool',
    );
  }
  if (declared !== undefined && stated !== undefined && declared !== stated) {
    throw new ManifestError(subject, `it is declared as ${declared} and calls itself ${JSON.stringify(stated)}`);
  }
  if (stated !== undefined && !isManifestType(stated) && !isIndexType(stated)) {
    throw new ManifestError(subject, `its media type ${JSON.stringify(stated)} is not that of an image manifest or index`);
  }
  return declared ?? stated ?? guessType(value, subject);
}

/** @see https://github.com/containers/image/blob/v5.30.0/manifest/manifest.go GuessMIMEType */
function guessType(value: Record<string, unknown>, subject: string): string {
  if ('manifests' in value) return OCI_INDEX;
  if (isRecord(value.config)) return value.config.mediaType === DOCKER_CONFIG ? DOCKER_MANIFEST : OCI_MANIFEST;
  throw new ManifestError(subject, 'it has neither "config" nor "manifests"');
}

/** Go's JSON reader takes `Layers` for `layers`; a document with such members means one thing to it and another to us. */
function refuseMembers(
  value: Record<string, unknown>,
  names: { own: readonly string[]; foreign: readonly string[] },
  subject: string,
): void {
  const own = new Map(names.own.map((name) => [name.toLowerCase(), name]));
  const foreign = new Set(names.foreign.map((name) => name.toLowerCase()));
  for (const key of Object.keys(value)) {
    const folded = foldCase(key);
    if (foreign.has(folded))
      throw new ManifestError(subject, `it is ambiguous: "${key.slice(0, 100)}" belongs to another kind of manifest`);
    const known = own.get(folded);
    if (known !== undefined && known !== key)
      throw new ManifestError(subject, `it is ambiguous: "${key.slice(0, 100)}" differs from "${known}" in case only`);
  }
}
