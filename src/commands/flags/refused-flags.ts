import { UnsupportedFeatureError } from '../../errors.js';
import { type Letter, refused } from './flags.js';

/**
 * Flags of Buildah's that tsbuild does not have: known, so that their values are not taken for names, and refused instead of ignored as
 * soon as they are read.
 *
 * @param reasons by the flag's name
 * @param letters for those that have one
 */
export function refusedFlags<Name extends string>(
  reasons: Readonly<Record<Name, string>>,
  letters: { readonly [name in Name]?: Letter } = {},
): Readonly<Record<Name, RefusedFlag>> {
  const entries = Object.entries<string>(reasons).map(([name, reason]) => {
    const char = letters[name as Name];
    return [name, refused({ hidden: true, summary: `Not supported: ${reason}`, ...(char === undefined ? {} : { char }) }, reason)];
  });
  return Object.fromEntries(entries) as Readonly<Record<Name, RefusedFlag>>;
}

type RefusedFlag = ReturnType<typeof refused>;

export function refusedFlag(name: string, reason: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError(`not supported by tsbuild: --${name} (${reason})`);
}
