export type { AuthFile } from './auth-files.js';
export { type CollectionPolicy, readCollectionPolicy } from './collection-policy.js';
export type { ContainersConf } from './containers-conf.js';
export { type Credentials, findCredentials, parseCredentials } from './credentials.js';
export { type DefaultMounts, readDefaultMounts } from './default-mounts.js';
export { type Environment, processEnvironment } from './environment.js';
export { PolicyDeniedError, SettingsError, SignatureRequiredError } from './errors.js';
export type { IdMode } from './identity.js';
export { loadSettings } from './load-settings.js';
export { findLookaside, type Lookaside } from './lookaside.js';
export type { PublicKeys, SignedBy, SignedIdentity } from './policy-requirements.js';
export type { Proxies } from './proxies.js';
export { readContainersConf } from './read-containers-conf.js';
export { readRegistries } from './read-registries.js';
export {
  expandShortName,
  findRegistryRule,
  type ImageLocation,
  locateImage,
  type Registries,
  type RegistryRule,
} from './registries.js';
export { type RegistryCertificates, readRegistryCertificates } from './registry-certificates.js';
export { admitRegistry } from './registry-sources.js';
export { credentialsKey, dropAllLogins, dropLogin, type SavedLogin, saveLogin } from './saved-logins.js';
export { type GlobalFlags, LOG_LEVELS, type LogLevel, readSettings, type Settings } from './settings.js';
export {
  type DemandedSignatures,
  demandAccepted,
  type PolicySubject,
  pathScopes,
  readSignaturePolicy,
  registryScopes,
  type SignaturePolicy,
} from './signature-policy.js';
