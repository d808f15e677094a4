import { UsageError } from '../../errors.js';
import { suggest } from '../../suggest.js';
import { type FlagGroup, type FlagShape, joinFlags } from '../flags/flags.js';
import { refusedFlag } from '../flags/refused-flags.js';

export type FlagValue = string | number | boolean | string[];

export interface CommandLine {
  readonly flags: Readonly<Record<string, FlagValue>>;
  /** What follows the flags, without a `--` in front. */
  readonly operands: readonly string[];
}

export interface CommandLineOptions {
  /**
   * Flags that may stand without a value, and what they mean then: `--pull` is `--pull=always`.
   * Such a flag never takes the next word, so its value needs a `=`.
   */
  readonly bareValues?: Readonly<Record<string, string>>;
}

/**
 * Read flags up to the first word that is none, by the rules of Go's pflag with interspersed flags off, which Buildah's users know:
 * `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, `-abc` for switches, `--switch=false`; the last of several
 * values counts; `--` ends the flags.
 *
 * @param groups where a flag is looked up in turn: those behind the one that has it are not made
 * @throws {UsageError} unknown flag, missing or impossible value, in pflag's words
 * @throws {UnsupportedFeatureError} a flag that is known and refused, whatever its value is
 * @see https://pkg.go.dev/github.com/spf13/pflag#hdr-Command_line_flag_syntax
 */
export function parseCommandLine(groups: readonly FlagGroup[], argv: readonly string[], options: CommandLineOptions = {}): CommandLine {
  const reader = new FlagReader(groups, argv, options.bareValues ?? {});
  while (reader.readFlag());
  return { flags: reader.flags, operands: argv.slice(reader.position) };
}

interface Found {
  readonly name: string;
  readonly definition: FlagShape;
  /** It was written as `--no-name`. */
  readonly negated?: boolean;
}

class FlagReader {
  readonly flags: Record<string, FlagValue> = {};
  position = 0;

  constructor(
    private readonly groups: readonly FlagGroup[],
    private readonly argv: readonly string[],
    private readonly bareValues: Readonly<Record<string, string>>,
  ) {}

  /** Reads one word and its value; false when no flag is left. */
  readFlag(): boolean {
    const word = this.argv[this.position];
    if (word === undefined || !word.startsWith('-') || word === '-') return false;
    this.position++;
    if (word === '--') return false;
    if (word.startsWith('--')) this.readLong(word.slice(2));
    else this.readShort(word);
    return true;
  }

  private readLong(word: string): void {
    const [written, value] = splitAt(word, '=');
    const found = this.findLong(written);
    if (found === undefined) throw unknownFlag(written, this.visibleNames());
    admit(found);
    const label = `--${written}`;
    if (found.negated === true) this.set(found, label, value === undefined ? 'false' : String(!parseBoolean(value, label)));
    else this.set(found, label, value ?? this.valueFor(found, label));
  }

  private readShort(word: string): void {
    for (let index = 1; index < word.length; index++) {
      const char = word[index] ?? '';
      const found = this.find((definition) => definition.char === char);
      if (found === undefined) throw new UsageError(`unknown shorthand flag: '${char}' in ${word}`);
      const { name, definition } = found;
      admit(found);
      const rest = word.slice(index + 1);
      const label = `-${char}, --${name}`;
      const takesRest = definition.type === 'option' && this.bareValues[name] === undefined;
      if (rest.startsWith('=') || takesRest) {
        const value = rest === '' ? this.valueFor(found, `-${char}`, `'${char}' in ${word}`) : rest.replace(/^=/, '');
        this.set(found, label, value);
        return;
      }
      this.set(found, label, this.bareValues[name] ?? 'true');
    }
  }

  private findLong(written: string): Found | undefined {
    const found = this.findNamed(written);
    if (found !== undefined) return found;
    const positive = written.startsWith('no-') ? this.findNamed(written.slice(3)) : undefined;
    return positive?.definition.allowNo === true ? { ...positive, negated: true } : undefined;
  }

  private findNamed(name: string): Found | undefined {
    for (const group of this.groups) {
      const definitions = group();
      const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
      if (definition !== undefined) return { name, definition };
    }
    return this.find((definition) => definition.aliases?.includes(name) === true);
  }

  private find(isMeant: (definition: FlagShape) => boolean): Found | undefined {
    for (const group of this.groups) {
      const entry = Object.entries(group()).find(([, definition]) => isMeant(definition));
      if (entry !== undefined) return { name: entry[0], definition: entry[1] };
    }
    return undefined;
  }

  private valueFor({ name, definition }: Found, label: string, place = label): string {
    const bare = definition.type === 'boolean' ? 'true' : this.bareValues[name];
    if (bare !== undefined) return bare;
    const next = this.argv[this.position++];
    if (next === undefined) throw new UsageError(`flag needs an argument: ${place}`);
    return next;
  }

  private set({ name, definition }: Found, label: string, value: string): void {
    if (definition.type === 'boolean') this.flags[name] = parseBoolean(value, label);
    else if (definition.multiple === true) this.flags[name] = [...((this.flags[name] as string[] | undefined) ?? []), value];
    else this.flags[name] = this.parseValue(definition, label, value);
  }

  private parseValue(definition: FlagShape, label: string, value: string): string | number {
    const { options } = definition;
    if (options !== undefined && !options.includes(value)) {
      throw new UsageError(
        `invalid argument ${JSON.stringify(value)} for "${label}" flag: it must be one of ${options.filter(Boolean).join(', ')}`,
      );
    }
    if (definition.whole !== true) return value;
    if (!/^\d{1,15}$/.test(value))
      throw new UsageError(`invalid argument ${JSON.stringify(value)} for "${label}" flag: it must be a whole number`);
    return Number(value);
  }

  private visibleNames(): readonly string[] {
    return Object.entries(joinFlags(this.groups)).flatMap(([name, definition]) => (definition.hidden === true ? [] : [name]));
  }
}

function admit({ name, definition: { refusal } }: Found): void {
  if (refusal !== undefined) throw refusedFlag(name, refusal);
}

function unknownFlag(name: string, known: readonly string[]): UsageError {
  const near = suggest(name, known);
  return new UsageError(`unknown flag: --${name}`, near === undefined ? {} : { hint: `Did you mean --${near}?` });
}

/** The words of Go's strconv.ParseBool. */
function parseBoolean(value: string, label: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(value)) return false;
  throw new UsageError(`invalid argument ${JSON.stringify(value)} for "${label}" flag: it must be true or false`);
}

function splitAt(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
