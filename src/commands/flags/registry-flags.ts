import { flag, text, wholeNumber } from './flags.js';

/** Flags of every command that talks to registries. `--authfile` becomes part of the settings. */
export const REGISTRY_FLAGS = {
  authfile: text({ value: 'path', summary: 'File with the credentials for registries' }),
  creds: text({ value: 'USERNAME:PASSWORD', summary: 'Credentials for the registry' }),
  'cert-dir': text({ value: 'path', summary: 'Directory with certificate authorities and client certificates' }),
  retry: wholeNumber({ summary: 'Times a failed transfer is tried again (default: 3)' }),
  'retry-delay': text({ value: 'DURATION', summary: 'Time before it is tried again, doubled each time (default: 1s)' }),
  'signature-policy': text({ value: 'path', hidden: true, summary: 'Use this policy.json, and no other' }),
  'tls-verify': flag({ summary: 'Require HTTPS and verify certificates (default: unless registries.conf says insecure)' }),
} as const;

export interface RegistryAccessFlags {
  readonly creds?: string | undefined;
  readonly 'cert-dir'?: string | undefined;
  readonly 'tls-verify'?: boolean | undefined;
  readonly retry?: number | undefined;
  readonly 'retry-delay'?: string | undefined;
}

/** What those flags mean to an operation; what was not given is undefined. */
export function registryAccess(flags: RegistryAccessFlags) {
  return {
    tlsVerify: flags['tls-verify'],
    credentials: flags.creds,
    certDir: flags['cert-dir'],
    retries: flags.retry,
    retryDelay: flags['retry-delay'],
  };
}
