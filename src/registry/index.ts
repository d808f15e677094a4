export type { CredentialLookup, RegistryCredentials } from './credentials.js';
export type { ClientCertificate } from './http-client.js';
export type { RegistryManifest } from './manifests.js';
export { type Download, type DownloadOptions, openDownload } from './open-download.js';
export { type OpenRegistryOptions, openRegistry, type Registry } from './open-registry.js';
export type { ProxyOptions } from './proxy-for.js';
export { type Diagnostic, RegistryError } from './registry-error.js';
export type { RetryPolicy } from './retry.js';
export { readTrustedAuthorities } from './trusted-authorities.js';
