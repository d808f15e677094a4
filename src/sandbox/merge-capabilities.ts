import { ALL_CAPABILITIES } from './capabilities.js';

/**
 * The capabilities of a command: `base`, with `add`, without `drop`. Names with or without `CAP_`, in any case; `all` is all there are:
 * dropping all leaves those that are added, adding all leaves out those that are dropped.
 *
 * @throws {RangeError} a name that no kernel has; one that is both added and dropped
 * @see https://github.com/containers/common/blob/main/pkg/capabilities/capabilities.go
 */
export function mergeCapabilities(base: readonly string[], add: readonly string[], drop: readonly string[]): readonly string[] {
  const [added, dropped] = [add.map(readName), drop.map(readName)];
  const [addsAll, dropsAll] = [added.includes('ALL'), dropped.includes('ALL')];
  if (addsAll && dropsAll) throw new RangeError('all capabilities cannot be both added and dropped');
  const both = added.find((name) => dropped.includes(name));
  if (both !== undefined) throw new RangeError(`capability ${both} cannot be both added and dropped`);
  if (dropsAll) return inOrder(added);
  const start = addsAll ? ALL_CAPABILITIES : [...base, ...added];
  return inOrder(start.filter((name) => !dropped.includes(name)));
}

function readName(text: string): string {
  const upper = text.trim().toUpperCase();
  if (upper === 'ALL') return upper;
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!ALL_CAPABILITIES.includes(name)) throw new RangeError(`unknown capability "${text}"`);
  return name;
}

/** Each once, in the kernel's order, so that equal sets are equal lists. */
function inOrder(names: readonly string[]): readonly string[] {
  return ALL_CAPABILITIES.filter((name) => names.includes(name));
}
