import { BlockList, isIP } from 'node:net';
import { RegistryError } from './registry-error.js';

/**
 * Check the URL of a token server. The registry names it, so it is as untrusted as the registry: it must not turn this machine into a
 * way to reach its private network, nor carry a password over an open wire.
 *
 * @param registry the registry's own base URL, as it was reached
 * @throws {RegistryError} not an https URL (http only from a registry that is itself reached by http), or a private address named by a
 *   registry that has a public one
 * @see https://github.com/google/go-containerregistry/pull/2243
 */
export function checkRealm(realm: string, registry: URL): URL {
  const action = `log in to ${registry.host}`;
  const refuse = (problem: string) =>
    new RegistryError(action, `${problem} (realm ${JSON.stringify(realm.slice(0, 200))})`, { host: registry.host });
  if (!URL.canParse(realm)) throw refuse('the token server it names is not a URL');
  const url = new URL(realm);
  if (url.username !== '' || url.password !== '') {
    throw new RegistryError(action, 'the URL of the token server it names holds a password', { host: registry.host });
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && registry.protocol === 'http:')) {
    throw refuse('the token server it names is not reached by https');
  }
  if (isPrivateHost(url.hostname) && !isPrivateHost(registry.hostname)) {
    throw refuse('the token server it names is at a private address');
  }
  return url;
}

/** Passwords go to a token server over https, or over http to the very host whose user accepted http. */
export function mayCarryPassword(realm: URL, registry: URL): boolean {
  return realm.protocol === 'https:' || realm.hostname === registry.hostname;
}

const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ...[['0.0.0.0', 8] as const, ['10.0.0.0', 8] as const, ['100.64.0.0', 10] as const, ['127.0.0.0', 8] as const],
  ...[['169.254.0.0', 16] as const, ['172.16.0.0', 12] as const, ['192.168.0.0', 16] as const],
]) {
  PRIVATE.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [['::', 127] as const, ['fc00::', 7] as const, ['fe80::', 10] as const]) {
  PRIVATE.addSubnet(network, prefix, 'ipv6');
}

/** True for loopback, link-local and private addresses, and for `localhost`. Names are not looked up. */
export function isPrivateHost(hostname: string): boolean {
  const bare = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (bare === 'localhost' || bare.endsWith('.localhost')) return true;
  const family = isIP(bare);
  // BlockList compares IPv4-mapped IPv6 addresses with the IPv4 networks.
  return family !== 0 && PRIVATE.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}
