import { boolean, integer, option, string } from '@oclif/core/flags';

/** What a flag says of itself beside oclif's own fields. */
interface Extra {
  readonly summary: string;
  readonly char?: 'C' | Letter;
  readonly aliases?: string[];
  /** Accepted, but left out of `--help`. */
  readonly hidden?: boolean;
}

export type Letter = 'D' | 'H' | 'i' | 'a' | 'c' | 'd' | 'e' | 'f' | 'h' | 'l' | 'm' | 'n' | 'o' | 'p' | 'q' | 'r' | 't' | 'u' | 'v';

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
  readonly helpValue?: string | string[] | undefined;
  /** Why the flag is refused when it is given. */
  readonly refusal?: string | undefined;
}

/** A switch. `--name=false` works for each, `--no-name` only where `negatable` says so, as Buildah's users would not expect it. */
export function flag(extra: Extra & { readonly negatable?: boolean }) {
  const { negatable, ...rest } = extra;
  return boolean({ ...rest, ...(negatable === true ? { allowNo: true } : {}) });
}

/** A flag with one value; given several times, the last one counts. */
export function text(extra: ValueExtra) {
  const { value = 'string', ...rest } = extra;
  return string({ ...rest, helpValue: value });
}

/** A flag that may be given several times. */
export function list(extra: ValueExtra) {
  const { value = 'string', ...rest } = extra;
  return string({ ...rest, helpValue: value, multiple: true });
}

/** A flag whose value is one of a few words. */
export function choice<const T extends string>(options: readonly T[], extra: ValueExtra) {
  const { value = 'string', ...rest } = extra;
  return option({ ...rest, helpValue: value, options })();
}

/** A flag with a whole number that is not negative; `parseCommandLine` reads it. */
export function wholeNumber(extra: ValueExtra) {
  const { value = 'int', ...rest } = extra;
  return integer({ ...rest, helpValue: value, min: 0 });
}
