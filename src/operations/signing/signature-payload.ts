import { type Digest, isDigest, ManifestError, parseStrictJson } from '../../image/index.js';

/** What a simple signature says: this name stands for this manifest. */
export interface SignatureClaim {
  /** `docker.io/library/debian:12` */
  readonly reference: string;
  readonly manifestDigest: Digest;
}

// https://github.com/containers/image/blob/main/docs/containers-signature.5.md
const TYPE = 'atomic container signature';
const MAX_BYTES = 2 ** 20;

/**
 * The bytes that are signed, with the keys in the order in which other tools write them.
 *
 * @param timestamp seconds since 1970
 */
export function encodeClaim({ reference, manifestDigest }: SignatureClaim, creator: string, timestamp: number): Uint8Array {
  const critical = { identity: { 'docker-reference': reference }, image: { 'docker-manifest-digest': manifestDigest }, type: TYPE };
  return Buffer.from(JSON.stringify({ critical, optional: { creator, timestamp } }));
}

/**
 * Read what a verified signature says. Whatever is critical must be understood, so an unknown member there is an error.
 *
 * @throws {ManifestError} it is not a claim about an image
 */
export function parseClaim(bytes: Uint8Array): SignatureClaim {
  const subject = 'signature';
  const top = exactly(parseStrictJson(bytes, subject, MAX_BYTES), ['critical', 'optional'], 'the document');
  const { type, image, identity } = exactly(top.critical, ['type', 'image', 'identity'], '"critical"');
  if (type !== TYPE) throw new ManifestError(subject, `its type is ${JSON.stringify(type)}`);
  const digest = exactly(image, ['docker-manifest-digest'], '"image"')['docker-manifest-digest'];
  const reference = exactly(identity, ['docker-reference'], '"identity"')['docker-reference'];
  if (typeof digest !== 'string' || !isDigest(digest)) throw new ManifestError(subject, 'it names no digest');
  if (typeof reference !== 'string') throw new ManifestError(subject, 'it names no image');
  const { creator, timestamp } = objectOf(top.optional, '"optional"');
  if (creator !== undefined && typeof creator !== 'string') throw new ManifestError(subject, '"creator" is not a text');
  if (timestamp !== undefined && !Number.isSafeInteger(timestamp)) throw new ManifestError(subject, '"timestamp" is not a whole number');
  return { reference, manifestDigest: digest };
}

function exactly(value: unknown, names: readonly string[], what: string): Readonly<Record<string, unknown>> {
  const members = objectOf(value, what);
  const found = Object.keys(members);
  if (found.length !== names.length || !names.every((name) => found.includes(name)))
    throw new ManifestError('signature', `the members of ${what} are not ${names.join(', ')}`);
  return members;
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new ManifestError('signature', `${what} is not an object`);
}
