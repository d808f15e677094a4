const UNITS = 'bkmgtp';

/**
 * Reads a size in Docker's units: `64m`, `1.5GiB`, `1024`; a unit is a power of 1024, case and a trailing `b` or `ib` do not matter.
 * @returns bytes, or `undefined` when it is no size
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgtp])?i?b?$/i.exec(text.trim());
  if (match === null) return undefined;
  const power = Math.max(0, UNITS.indexOf((match[2] ?? 'b').toLowerCase()));
  return Math.floor(Number(match[1]) * 1024 ** power);
}
