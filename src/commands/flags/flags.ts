import type { BooleanFlag, OptionFlag } from '@oclif/core/interfaces';

/** What a flag says of itself beside oclif's own fields. */
interface Extra {
  readonly summary: string;
  readonly char?: 'C' | Letter;
  readonly aliases?: string[];
  /** Accepted, but left out of `--help`. */
  readonly hidden?: boolean;
}

export type Letter = 'D' | 'H' | 'i' | 'a' | 'c' | 'd' | 'e' | 'f' | 'h' | 'l' | 'm' | 'n' | 'o' | 'p' | 'q' | 'r' | 't' | 'u' | 'v';

interface SwitchExtra extends Extra {
  readonly negatable?: boolean;
}

interface ValueExtra extends Extra {
  /** Word for the value in `--help`. */
  readonly value?: string;
}

/** A flag as the command line parser and `--help` see it; oclif's definitions have these fields. */
export interface FlagShape {
  readonly type: 'boolean' | 'option';
  readonly char?: string | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly summary?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly multiple?: boolean | undefined;
  readonly allowNo?: boolean | undefined;
  readonly options?: readonly string[] | undefined;
  /** Its value is a number. */
  readonly whole?: boolean | undefined;
  readonly helpValue?: string | string[] | undefined;
  /** Why the flag is refused when it is given. */
  readonly refusal?: string | undefined;
}

/** Flags that belong together, made when somebody asks for them. */
export type FlagGroup = () => Readonly<Record<string, FlagShape>>;

/** Where a command has its flags: `flags` for the frequent ones, the others in groups. */
export interface FlagSet {
  readonly flags: Readonly<Record<string, FlagShape>>;
  readonly moreFlags: readonly FlagGroup[];
}

/** The flags of a command, but for those that every command has. */
export function definitionsOf({ flags, moreFlags }: FlagSet): Readonly<Record<string, FlagShape>> {
  return joinFlags([() => flags, ...moreFlags]);
}

/** All of them; of two with one name the first counts. */
export function joinFlags(groups: readonly FlagGroup[]): Readonly<Record<string, FlagShape>> {
  return Object.assign({}, ...groups.map((group) => group()).reverse());
}

/** A switch. `--name=false` works for each, `--no-name` only where `negatable` says so, as Buildah's users would not expect it. */
export function flag(extra: SwitchExtra) {
  return new Definition('switch', extra) as FlagShape as BooleanFlag<boolean>;
}

/** A flag with one value; given several times, the last one counts. */
export function text(extra: ValueExtra) {
  return new Definition('text', extra) as FlagShape as OptionFlag<string | undefined>;
}

/** A flag that may be given several times. */
export function list(extra: ValueExtra) {
  return new Definition('list', extra) as FlagShape as OptionFlag<string[] | undefined>;
}

/** As {@link list}, but refused when it is given. */
export function refused(extra: ValueExtra, reason: string) {
  return new Definition('list', extra, undefined, reason) as FlagShape as OptionFlag<string[] | undefined>;
}

/** A flag whose value is one of a few words. */
export function choice<const T extends string>(options: readonly T[], extra: ValueExtra) {
  return new Definition('text', extra, options) as FlagShape as OptionFlag<T | undefined>;
}

/** A flag with a whole number that is not negative; `parseCommandLine` reads it. */
export function wholeNumber(extra: ValueExtra) {
  return new Definition('number', extra) as FlagShape as OptionFlag<number | undefined>;
}

/**
 * A flag, with oclif's names for what was written down of it. A command has a hundred, of which a command line names a few: they are not
 * copied to become oclif's objects, which would be most of what a command does before it begins.
 */
class Definition implements FlagShape {
  constructor(
    private readonly kind: 'switch' | 'text' | 'list' | 'number',
    private readonly extra: SwitchExtra & ValueExtra,
    readonly options?: readonly string[],
    readonly refusal?: string,
  ) {}

  get type() {
    return this.kind === 'switch' ? 'boolean' : 'option';
  }
  get multiple() {
    return this.kind === 'list';
  }
  get whole() {
    return this.kind === 'number';
  }
  get char() {
    return this.extra.char;
  }
  get aliases() {
    return this.extra.aliases;
  }
  get summary() {
    return this.extra.summary;
  }
  get hidden() {
    return this.extra.hidden;
  }
  get allowNo() {
    return this.extra.negatable;
  }
  get helpValue() {
    return this.extra.value ?? (this.kind === 'number' ? 'int' : 'string');
  }
}
