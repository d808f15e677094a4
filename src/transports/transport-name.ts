import { UnsupportedFeatureError } from '../errors.js';
import { TransportSyntaxError } from './errors.js';

/** A parsed `transport:rest`. */
export type TransportName =
  /** `docker://HOST/REPO[:TAG][@DIGEST]`, without the slashes. */
  | {
      readonly kind: 'docker';
      readonly reference: string;
      /** Written without a tag, under the digest it turns out to have. No text says so. */
      readonly byDigest?: true;
    }
  /** `position` counts the entries of the archive or layout from 0. */
  | {
      readonly kind: 'oci' | 'oci-archive' | 'docker-archive';
      readonly path: string;
      readonly reference?: string;
      readonly position?: number;
    }
  | { readonly kind: 'dir'; readonly path: string }
  /** This store; the reference is a name or an ID. `root` is the store's directory where the text names one. */
  | { readonly kind: 'containers-storage'; readonly reference: string; readonly root?: string };

// https://github.com/containers/image/blob/v5.30.0/oci/layout/oci_transport.go
const OCI_REFERENCE = /^[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*)*$/;
const OTHER_TRANSPORTS = new Set(['docker-daemon', 'sif', 'tarball', 'ostree', 'atomic', 'openshift']);

/**
 * Read `transport:rest` as skopeo and Buildah do: the path of an archive or layout ends at its first colon.
 *
 * @returns undefined when the text does not begin with the name of a transport: then it is an image name
 * @throws {TransportSyntaxError} a known transport, and a rest that is none of its
 * @throws {UnsupportedFeatureError} a transport that tsbuild does not have
 * @see https://github.com/containers/image/blob/v5.30.0/docs/containers-transports.5.md
 */
export function parseTransport(text: string): TransportName | undefined {
  const colon = text.indexOf(':');
  const kind = colon === -1 ? '' : text.slice(0, colon);
  const rest = text.slice(colon + 1);
  switch (kind) {
    case 'docker':
      if (!rest.startsWith('//') || rest.length === 2)
        throw new TransportSyntaxError(text, 'after "docker:" there must be "//" and an image name');
      return { kind, reference: rest.slice(2) };
    case 'oci':
    case 'oci-archive':
    case 'docker-archive':
      return parsePathAndReference(kind, rest, text);
    case 'dir':
      if (rest === '') throw new TransportSyntaxError(text, 'after "dir:" there must be a path');
      return { kind, path: rest };
    case 'containers-storage':
      return parseStoreReference(rest, text);
    default:
      if (OTHER_TRANSPORTS.has(kind)) {
        throw new UnsupportedFeatureError(`Cannot use the transport "${kind}": it is not supported`, {
          hint: 'Supported are docker://, oci:, oci-archive:, docker-archive:, dir: and containers-storage:',
        });
      }
      return undefined;
  }
}

/** The text {@link parseTransport} reads. */
export function formatTransport(name: TransportName): string {
  switch (name.kind) {
    case 'docker':
      return `docker://${name.reference}`;
    case 'dir':
      return `dir:${name.path}`;
    case 'containers-storage':
      return `containers-storage:${name.root === undefined ? '' : `[${name.root}]`}${name.reference}`;
    default: {
      const suffix = name.position === undefined ? name.reference : `@${name.position}`;
      return `${name.kind}:${name.path}${suffix === undefined ? '' : `:${suffix}`}`;
    }
  }
}

// [DRIVER@ROOT+RUNROOT:OPTION=VALUE,...]: everything but the root is of no concern to a store that has one form.
const STORE_SPECIFIER = /^\[(?:[a-z0-9]+|(?:[a-z0-9]*@)?(?<root>\/[^+:\]]*)(?:\+[^:\]]*)?(?::[^\]]*)?)?\](?<rest>.*)$/;

function parseStoreReference(rest: string, text: string): TransportName {
  const specified = rest.startsWith('[') ? STORE_SPECIFIER.exec(rest)?.groups : { rest };
  if (specified === undefined) {
    throw new TransportSyntaxError(text, 'what the brackets hold is not DRIVER@ROOT+RUNROOT');
  }
  // With a name and an ID, the ID decides.
  const reference = (specified.rest ?? '').replace(/^.*@(?=[a-f0-9]{64}$)/, '');
  if (reference === '') throw new TransportSyntaxError(text, 'after "containers-storage:" there must be an image name or ID');
  const { root } = specified;
  return { kind: 'containers-storage', reference, ...(root === undefined ? {} : { root }) };
}

function parsePathAndReference(kind: 'oci' | 'oci-archive' | 'docker-archive', rest: string, text: string): TransportName {
  const colon = rest.indexOf(':');
  const path = colon === -1 ? rest : rest.slice(0, colon);
  const reference = colon === -1 ? '' : rest.slice(colon + 1);
  if (path === '') throw new TransportSyntaxError(text, `after "${kind}:" there must be a path`);
  if (reference === '') return { kind, path };
  const position = /^@([0-9]{1,9})$/.exec(reference)?.[1];
  if (position !== undefined) return { kind, path, position: Number(position) };
  if (kind !== 'docker-archive' && !OCI_REFERENCE.test(reference)) {
    throw new TransportSyntaxError(text, `${JSON.stringify(reference)} is not a reference of an OCI layout`);
  }
  if (kind === 'docker-archive' && (reference.includes('@') || !/:[A-Za-z0-9_][\w.-]*$/.test(reference))) {
    throw new TransportSyntaxError(text, `${JSON.stringify(reference)} must be NAME:TAG, without a digest`);
  }
  return { kind, path, reference };
}
