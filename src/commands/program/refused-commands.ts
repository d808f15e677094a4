import { UnsupportedFeatureError } from '../../errors.js';

/** Commands of Buildah's that tsbuild does not have, and why. */
export const REFUSED_COMMANDS: ReadonlyMap<string, string> = new Map([
  ['dumpbolt', 'the store has no such database'],
  ['mkcw', 'images for confidential workloads are not made'],
  ['passwd', 'use openssl passwd or htpasswd'],
  ['rpc', 'there is no server'],
  ['source', 'source images are not made; skopeo copies those there are'],
]);

/** @throws {UnsupportedFeatureError} it is one of them */
export function refuseAbsentCommand(name: string): void {
  const reason = REFUSED_COMMANDS.get(name);
  if (reason !== undefined) throw new UnsupportedFeatureError(`not supported by tsbuild: ${name} (${reason})`);
}
