import { UsageError } from '../../errors.js';
import { suggest } from '../../suggest.js';
import type { FlagShape } from '../flags/flags.js';
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

type Definitions = Readonly<Record<string, FlagShape>>;

/**
 * Read flags up to the first word that is none, by the rules of Go's pflag with interspersed flags off, which Buildah's users know:
 * `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, `-abc` for switches, `--switch=false`; the last of several
 * values counts; `--` ends the flags.
 *
 * @throws {UsageError} unknown flag, missing or impossible value, in pflag's words
 * @throws {UnsupportedFeatureError} a flag that is known and refused, whatever its value is
 * @see https://pkg.go.dev/github.com/spf13/pflag#hdr-Command_line_flag_syntax
 */
export function parseCommandLine(definitions: Definitions, argv: readonly string[], options: CommandLineOptions = {}): CommandLine {
  const reader = new FlagReader(definitions, argv, options.bareValues ?? {});
  while (reader.readFlag());
  return { flags: reader.flags, operands: argv.slice(reader.position) };
}

class FlagReader {
  readonly flags: Record<string, FlagValue> = {};
  position = 0;
  /** A map, since a plain object also has `constructor` and the like. */
  private readonly definitions: ReadonlyMap<string, FlagShape>;

  constructor(
    definitions: Definitions,
    private readonly argv: readonly string[],
    private readonly bareValues: Readonly<Record<string, string>>,
  ) {
    this.definitions = new Map(Object.entries(definitions));
  }

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
    const { name, negated } = found;
    this.admit(name);
    const label = `--${written}`;
    if (negated) this.set(name, label, value === undefined ? 'false' : String(!parseBoolean(value, label)));
    else this.set(name, label, value ?? this.valueFor(name, label));
  }

  private readShort(word: string): void {
    for (let index = 1; index < word.length; index++) {
      const char = word[index] ?? '';
      const entry = [...this.definitions].find(([, definition]) => definition.char === char);
      if (entry === undefined) throw new UsageError(`unknown shorthand flag: '${char}' in ${word}`);
      const [name, definition] = entry;
      this.admit(name);
      const rest = word.slice(index + 1);
      const label = `-${char}, --${name}`;
      const takesRest = definition.type === 'option' && this.bareValues[name] === undefined;
      if (rest.startsWith('=') || takesRest) {
        const value = rest === '' ? this.valueFor(name, `-${char}`, `'${char}' in ${word}`) : rest.replace(/^=/, '');
        this.set(name, label, value);
        return;
      }
      this.set(name, label, this.bareValues[name] ?? 'true');
    }
  }

  private admit(name: string): void {
    const refusal = this.definitions.get(name)?.refusal;
    if (refusal !== undefined) throw refusedFlag(name, refusal);
  }

  private findLong(written: string): { name: string; negated: boolean } | undefined {
    const byName = (text: string): string | undefined =>
      this.definitions.has(text) ? text : [...this.definitions].find(([, definition]) => definition.aliases?.includes(text))?.[0];
    const name = byName(written);
    if (name !== undefined) return { name, negated: false };
    const positive = written.startsWith('no-') ? byName(written.slice(3)) : undefined;
    return positive !== undefined && this.definitions.get(positive)?.allowNo === true ? { name: positive, negated: true } : undefined;
  }

  private valueFor(name: string, label: string, place = label): string {
    const bare = this.definitions.get(name)?.type === 'boolean' ? 'true' : this.bareValues[name];
    if (bare !== undefined) return bare;
    const next = this.argv[this.position++];
    if (next === undefined) throw new UsageError(`flag needs an argument: ${place}`);
    return next;
  }

  private set(name: string, label: string, value: string): void {
    const definition = this.definitions.get(name);
    if (definition === undefined) return;
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
    return [...this.definitions].filter(([, definition]) => definition.hidden !== true).map(([name]) => name);
  }
}

function unknownFlag(name: string, known: readonly string[]): UsageError {
  const near = suggest(name, known);
  return new UsageError(`unknown flag: --${name}`, near === undefined ? {} : { hint: `Did you mean --${near}?` });
}

/** The words of Go's strconv.ParseBool. */
function parseBoolean(value: string, label: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw new UsageError(`invalid argument ${JSON.stringify(value)} for "${label}" flag: it must be true or false`);
}

function splitAt(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
