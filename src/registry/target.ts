import { type Digest, isDigest, parseDigest, parseReference } from '../image/index.js';
import type { Access } from './authorizer.js';

/**
 * The path of a manifest. Every part passes the grammar first: a `..` or a `?` in a name would make another request of it.
 * @param reference a tag or a digest
 * @throws {ReferenceSyntaxError} not a repository, or neither tag nor digest
 * @see https://github.com/advisories/GHSA-6wvf-f2vw-3425
 */
export function manifestPath(repository: string, reference: string): string {
  parseReference(`registry.invalid/${repository}${isDigest(reference) ? '@' : ':'}${reference}`);
  return `/v2/${repository}/manifests/${reference}`;
}

/** @throws {ReferenceSyntaxError} {DigestSyntaxError} a part that is not of the grammar */
export function blobPath(repository: string, digest: Digest): string {
  return `${repositoryPath(repository)}/blobs/${parseDigest(digest)}`;
}

/** @throws {ReferenceSyntaxError} not a repository */
export function repositoryPath(repository: string): string {
  parseReference(`registry.invalid/${repository}`);
  return `/v2/${repository}`;
}

/** @see https://distribution.github.io/distribution/spec/auth/scope/ */
export function accessTo(repository: string, actions: 'pull' | 'pull,push'): Access {
  return { repository, scopes: [`repository:${repository}:${actions}`] };
}
