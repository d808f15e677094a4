import { formatValue, goType, quote } from './go-format.js';

/** What stands between `%` and the verb. */
interface Directive {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly verb: string;
}

const DIRECTIVE = /%([-+# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:\.(\*|\d+)?)?(?:\[(\d+)\])?([\s\S])?/gu;

/**
 * Go's `fmt.Sprintf`, for the values templates have. Wrong verbs, missing and left-over arguments come out as Go writes them.
 *
 * @see https://pkg.go.dev/fmt
 */
export function sprintf(format: string, values: readonly unknown[]): string {
  let next = 0;
  let reordered = false;
  const text = format.replace(
    DIRECTIVE,
    (whole: string, flags: string, first?: string, width?: string, precision?: string, second?: string, verb?: string) => {
      if (verb === undefined) return '%!(NOVERB)';
      if (verb === '%') return '%';
      const index = second ?? first;
      if (first !== undefined && width === '*') next = Number(first) - 1;
      const widthValue = width === '*' ? Number(values[next++] ?? 0) : Number(width ?? 0);
      const precisionValue = precision === '*' ? Number(values[next++] ?? 0) : Number(precision ?? 0);
      if (index !== undefined) {
        next = Number(index) - 1;
        reordered = true;
      }
      if (next >= values.length) return `%!${verb}(${index === undefined ? 'MISSING' : 'BADINDEX'})`;
      const hasPrecision = precision !== undefined || /\.\D*$/.test(whole);
      return formatAs({ flags, width: widthValue, precision: hasPrecision ? precisionValue : undefined, verb }, values[next++]);
    },
  );
  const extra = values.slice(next).map((value) => `${goType(value)}=${formatValue(value)}`);
  return extra.length === 0 || reordered ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

/** Lists and maps element by element, as Go does. */
function formatAs(directive: Directive, value: unknown): string {
  const { verb } = directive;
  if (verb === 'T') return pad(directive, goType(value));
  if (value === undefined || value === null) return verb === 'v' ? pad(directive, '<nil>') : `%!${verb}(<nil>)`;
  if (Array.isArray(value)) return `[${value.map((item) => formatAs(directive, item)).join(' ')}]`;
  if (typeof value === 'string') return formatText(directive, value);
  if (typeof value === 'number') return formatNumber(directive, value);
  if (typeof value === 'boolean') return verb === 't' || verb === 'v' ? pad(directive, String(value)) : wrongVerb(directive, value);
  if (value instanceof Date || verb === 'v') return pad(directive, formatValue(value));
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, item]) => `${formatText(directive, key)}:${formatAs(directive, item)}`).join(' ')}]`;
}

function wrongVerb({ verb }: Directive, value: unknown): string {
  return `%!${verb}(${goType(value)}=${formatValue(value)})`;
}

function formatText(directive: Directive, value: string): string {
  const { verb, flags, precision } = directive;
  const cut = precision === undefined ? value : [...value].slice(0, precision).join('');
  switch (verb) {
    case 'v':
    case 's':
      return pad(directive, cut);
    case 'q':
      return pad(directive, flags.includes('#') && !cut.includes('`') ? `\`${cut}\`` : quote(cut));
    case 'x':
    case 'X': {
      const bytes = [...Buffer.from(cut)].map((byte) => byte.toString(16).padStart(2, '0'));
      const prefix = flags.includes('#') ? '0x' : '';
      const digits = flags.includes(' ') ? bytes.map((byte) => prefix + byte).join(' ') : prefix + bytes.join('');
      return pad(directive, verb === 'X' ? digits.toUpperCase() : digits);
    }
    default:
      return wrongVerb(directive, value);
  }
}

const RADIX: Readonly<Record<string, readonly [number, string]>> = { b: [2, '0b'], o: [8, '0'], x: [16, '0x'], X: [16, '0X'] };

function formatNumber(directive: Directive, value: number): string {
  const { verb, flags, precision } = directive;
  const isWhole = Number.isInteger(value);
  const signed = (digits: string): string => pad(directive, withSign(flags, value, digits), true);
  const magnitude = Math.abs(value);
  const base = RADIX[verb];
  if (base !== undefined && isWhole) {
    const digits = `${flags.includes('#') ? base[1] : ''}${magnitude.toString(base[0])}`;
    return signed(verb === 'X' ? digits.toUpperCase() : digits);
  }
  switch (verb) {
    case 'v':
      return signed(isWhole ? magnitude.toString() : formatShortest(magnitude));
    case 'd':
      return isWhole ? signed(magnitude.toString().padStart(precision ?? 0, '0')) : wrongVerb(directive, value);
    case 'f':
    case 'F':
      return signed(magnitude.toFixed(precision ?? 6));
    case 'e':
    case 'E': {
      const text = goExponent(magnitude.toExponential(precision ?? 6));
      return signed(verb === 'E' ? text.toUpperCase() : text);
    }
    case 'g':
    case 'G':
      return signed(
        precision === undefined ? formatShortest(magnitude) : goExponent(String(Number(magnitude.toPrecision(precision || 1)))),
      );
    case 'c':
      return isWhole ? pad(directive, String.fromCodePoint(value)) : wrongVerb(directive, value);
    case 'q':
      return isWhole ? pad(directive, quote(value)) : wrongVerb(directive, value);
    case 'U':
      return isWhole ? pad(directive, `U+${value.toString(16).toUpperCase().padStart(4, '0')}`) : wrongVerb(directive, value);
    default:
      return wrongVerb(directive, value);
  }
}

function withSign(flags: string, value: number, digits: string): string {
  if (value < 0) return `-${digits}`;
  return flags.includes('+') ? `+${digits}` : flags.includes(' ') ? ` ${digits}` : digits;
}

/** As few digits as tell the number from others; with an exponent from a million on and below a ten-thousandth. */
function formatShortest(value: number): string {
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(value));
  return exponent < -4 || exponent >= 6 ? goExponent(value.toExponential()) : String(value);
}

/** Go writes at least two digits of an exponent. */
function goExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function pad({ flags, width }: Directive, text: string, isNumber = false): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0')) return ' '.repeat(missing) + text;
  const sign = isNumber ? (/^[+ -]/.exec(text)?.[0] ?? '') : '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}
