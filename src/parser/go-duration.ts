const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3, // U+00B5
  μs: 1e3, // U+03BC
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/**
 * Reads a duration as Go writes them: `1h15m30.5s`, `100ms`.
 * @returns nanoseconds
 * @throws {RangeError} with Go's words
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseGoDuration(text: string): number {
  const quoted = JSON.stringify(text);
  const unsigned = text.replace(/^[-+]/, '');
  const sign = text.startsWith('-') ? -1 : 1;
  if (unsigned === '0') return 0;
  if (unsigned === '') throw new RangeError(`time: invalid duration ${quoted}`);
  let total = 0;
  let rest = unsigned;
  while (rest !== '') {
    const match = /^(\d*)(?:\.(\d*))?([^\d.]*)/.exec(rest);
    const [whole, integer = '', fraction = '', unit = ''] = match ?? [];
    if (whole === undefined || (integer === '' && fraction === '')) throw new RangeError(`time: invalid duration ${quoted}`);
    if (unit === '') throw new RangeError(`time: missing unit in duration ${quoted}`);
    const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (factor === undefined) throw new RangeError(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    total += Number(integer === '' ? 0 : integer) * factor + (fraction === '' ? 0 : Math.floor(Number(`0.${fraction}`) * factor));
    rest = rest.slice(whole.length);
  }
  if (total > 2 ** 63) throw new RangeError(`time: invalid duration ${quoted}`);
  return sign * total;
}
