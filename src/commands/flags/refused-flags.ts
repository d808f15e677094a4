import { UnsupportedFeatureError } from '../../errors.js';
import { list } from './flags.js';

/**
 * Flags of Buildah's that tsbuild does not have: known, so that their values are not taken for names, and refused instead of ignored.
 *
 * @param reasons by the flag's name
 */
export function refusedFlags(reasons: Readonly<Record<string, string>>): Readonly<Record<string, ReturnType<typeof list>>> {
  return Object.fromEntries(
    Object.entries(reasons).map(([name, reason]) => [name, list({ hidden: true, summary: `Not supported: ${reason}` })]),
  );
}

/** @throws {UnsupportedFeatureError} one of them is given */
export function refuseFlags(reasons: Readonly<Record<string, string>>, flags: Readonly<Record<string, unknown>>): void {
  for (const [name, reason] of Object.entries(reasons)) {
    if (flags[name] !== undefined) throw new UnsupportedFeatureError(`not supported by tsbuild: --${name} (${reason})`);
  }
}
