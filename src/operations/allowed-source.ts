import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { demandAccepted, type PolicySubject, pathScopes, readSignaturePolicy, registryScopes } from '../config/index.js';
import { formatReference, type ImageReference, parseReference, withDefaultTag } from '../image/index.js';
import type { Store } from '../store/index.js';
import { formatTransport, type ImageSource, openSource, type SourceExtras, type TransportName } from '../transports/index.js';
import type { Services } from './context.js';
import type { RegistryAccess } from './registry-access.js';

export interface AllowedSourceOptions {
  readonly store: Store;
  readonly access: RegistryAccess;
  readonly services: Services;
  /** Whether the registry may be one without certificates. */
  readonly insecure?: boolean | undefined;
  /** The image's own name where `name` is that of a mirror: policies speak of images, not of mirrors. */
  readonly askedName?: string | undefined;
  readonly extras?: SourceExtras | undefined;
  /** Of a list nothing but the list itself will be read. */
  readonly listAlone?: boolean | undefined;
}

/**
 * Open an image that policy.json lets in. The caller closes it. Where the policy demands signatures, reading a manifest without
 * them throws {SignatureRejectedError}.
 *
 * @throws {PolicyDeniedError} {SignatureRequiredError} before anything is read or asked
 */
export async function openAllowedSource(name: TransportName, options: AllowedSourceOptions): Promise<ImageSource> {
  const { services } = options;
  const subject = subjectOf(name, options.askedName);
  const demanded = subject === undefined ? undefined : demandAccepted(readSignaturePolicy(services.settings), subject);
  const source = await openSource(name, options.access.transportServices(options.store, options.insecure), options.extras);
  if (subject === undefined || demanded === undefined) return source;
  try {
    const { signedSource } = await import('./signing/signed-source.js');
    const actual = name.kind === 'docker' ? imageOf(name.reference) : undefined;
    const asked = name.kind === 'docker' ? imageOf(options.askedName ?? name.reference) : undefined;
    return await signedSource(source, { name: subject.name, asked, actual, listAlone: options.listAlone ?? false }, demanded, services);
  } catch (error) {
    await source.close();
    throw error;
  }
}

function imageOf(reference: string): ImageReference {
  return withDefaultTag(parseReference(reference));
}

/** Undefined: an image of this store, which was let in before. @see containers-policy.json(5), "Supported transports and their scopes" */
function subjectOf(name: TransportName, askedName: string | undefined): PolicySubject | undefined {
  switch (name.kind) {
    case 'containers-storage':
      return undefined;
    case 'docker': {
      const { registry, repository, tag, digest } = imageOf(askedName ?? name.reference);
      const suffix = digest === undefined ? `:${tag}` : `@${digest}`;
      const scopes = registryScopes(formatReference({ registry, repository }), suffix);
      return { transport: 'docker', name: `docker://${scopes[0]}`, scopes };
    }
    case 'docker-archive':
      return { transport: 'docker-archive', name: formatTransport(name), scopes: [] };
    case 'dir':
      return { transport: 'dir', name: formatTransport(name), scopes: pathScopes(realPath(name.path), '') };
    default: {
      const suffix = name.reference === undefined ? '' : `:${name.reference}`;
      return { transport: name.kind, name: formatTransport(name), scopes: pathScopes(realPath(name.path), suffix) };
    }
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It is not there: opening it will say so.
    return resolve(path);
  }
}
