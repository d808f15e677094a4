import { UsageError } from '../../errors.js';
import type { RegistryOptions } from '../../operations/registry-access.js';
import { flag, text } from './flags.js';

type Side = 'src' | 'dest';

/** Flags for the registry at one side of a copy. */
export const SOURCE_FLAGS = {
  'src-authfile': text({ value: 'path', summary: 'File with the credentials for the source' }),
  'src-cert-dir': text({ value: 'path', summary: 'Directory with certificates for the source' }),
  'src-creds': text({ value: 'USERNAME:PASSWORD', summary: 'Credentials for the source' }),
  'src-no-creds': flag({ summary: 'Ask the source as nobody in particular' }),
  'src-password': text({ summary: 'Password for the source, with --src-username' }),
  'src-shared-blob-dir': text({ value: 'path', summary: 'Directory of the blobs of the oci: source' }),
  'src-tls-verify': flag({ summary: 'Require HTTPS and verify certificates of the source' }),
  'src-username': text({ summary: 'User name for the source' }),
} as const;

export const DESTINATION_FLAGS = {
  'dest-authfile': text({ value: 'path', summary: 'File with the credentials for the destination' }),
  'dest-cert-dir': text({ value: 'path', summary: 'Directory with certificates for the destination' }),
  'dest-creds': text({ value: 'USERNAME:PASSWORD', summary: 'Credentials for the destination' }),
  'dest-no-creds': flag({ summary: 'Ask the destination as nobody in particular' }),
  'dest-password': text({ summary: 'Password for the destination, with --dest-username' }),
  'dest-shared-blob-dir': text({ value: 'path', summary: 'Directory for the blobs of the oci: destination' }),
  'dest-tls-verify': flag({ summary: 'Require HTTPS and verify certificates of the destination' }),
  'dest-username': text({ summary: 'User name for the destination' }),
} as const;

/** What the flags of one side mean. @throws {UsageError} flags that contradict each other */
export function sideAccess(side: Side, flags: Readonly<Record<string, unknown>>): RegistryOptions {
  const read = <T>(name: string): T | undefined => flags[`${side}-${name}`] as T | undefined;
  const authFile = read<string>('authfile');
  const username = read<string>('username');
  const password = read<string>('password');
  const anonymous = read<boolean>('no-creds');
  if ((username === undefined) !== (password === undefined))
    throw new UsageError(`--${side}-username and --${side}-password must be given together`);
  const credentials = read<string>('creds') ?? (username === undefined ? undefined : `${username}:${password}`);
  if (credentials !== undefined && anonymous === true)
    throw new UsageError(`--${side}-no-creds contradicts the credentials for the same side`);
  return {
    credentials,
    anonymous,
    certDir: read<string>('cert-dir'),
    tlsVerify: read<boolean>('tls-verify'),
    ...(authFile === undefined ? {} : { authFiles: [{ path: authFile, kind: 'containers', required: true }] }),
  };
}
