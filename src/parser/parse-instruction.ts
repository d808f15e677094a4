import { didYouMean, suggest } from '../suggest.js';
import { withoutPasswords } from '../url-passwords.js';
import { trimSpace } from './blank.js';
import type { Escape } from './directives.js';
import { type FlagKind, type Flags, parseFlags, splitFlags } from './flags.js';
import { Fault, type Fragment, sliceFragment, trimFragment } from './fragment.js';
import { parseGoDuration } from './go-duration.js';
import { type Heredoc, type HeredocWord, summarizeHeredoc } from './heredoc.js';
import {
  type AddInstruction,
  type ArgInstruction,
  type Command,
  type CopyInstruction,
  type CopySource,
  type FromInstruction,
  type HealthcheckCommand,
  type Instruction,
  KEYWORDS,
  type OnbuildInstruction,
  type RunInstruction,
} from './instruction.js';
import { parseJsonForm } from './json-form.js';
import { type MountSpec, parseMountSpec, resolveMount } from './mount.js';
import { splitKeyword } from './scan.js';
import type { SourceRange } from './source.js';
import { oneOfHint, usageHint } from './usage.js';
import { parseNameValues, splitBlanks, splitQuotedWords } from './words.js';

/** The text of one instruction and what surrounds it. */
export interface InstructionText {
  /** Its logical line, or the part of it behind ONBUILD. */
  readonly line: Fragment;
  readonly heredocs: readonly Heredoc[];
  /** Places in the logical line. */
  readonly heredocWords: readonly HeredocWord[];
  readonly escape: Escape;
  readonly range: SourceRange;
  readonly keywordRange: SourceRange;
  readonly comments: readonly string[];
}

/**
 * Reads one instruction.
 * @throws {Fault} with the words of BuildKit
 */
export function parseInstruction(source: InstructionText): Instruction {
  const { keyword: writtenKeyword, rest, restAt } = splitKeyword(source.line.text);
  const keyword = writtenKeyword.toUpperCase();
  const known = KEYWORDS.find((candidate) => candidate === keyword);
  if (known === undefined) {
    const near = suggest(keyword, KEYWORDS);
    const hint = near === undefined ? oneOfHint(KEYWORDS, 'An instruction') : `Did you mean ${near}?`;
    throw new Fault(`unknown instruction: ${writtenKeyword}`, source.line.at, hint);
  }
  const { heredocs, range, keywordRange, comments } = source;
  const text = source.line.text;
  const display = withoutPasswords([text, ...heredocs.map((heredoc) => `(${summarizeHeredoc(heredoc)})`)].join(' '));
  const base = { range, keywordRange, writtenKeyword, text, display, heredocs, comments };
  const { flags, rest: args } = splitFlags(trimFragment({ text: rest, at: source.line.at + restAt }), source.escape);
  const reader = new ArgumentReader(known, source, flags, args);
  switch (known) {
    case 'FROM':
      return { keyword: known, ...base, ...reader.from() };
    case 'RUN':
      return { keyword: known, ...base, ...reader.run() };
    case 'COPY':
      return { keyword: known, ...base, ...reader.copy() };
    case 'ADD':
      return { keyword: known, ...base, ...reader.add() };
    case 'ARG':
      return { keyword: known, ...base, ...reader.arg() };
    case 'ENV':
    case 'LABEL':
      return { keyword: known, ...base, ...reader.pairs() };
    case 'CMD':
    case 'ENTRYPOINT':
      return { keyword: known, ...base, command: reader.plainCommand() };
    case 'SHELL':
      return { keyword: known, ...base, argv: reader.shell() };
    case 'EXPOSE':
      return { keyword: known, ...base, ports: reader.list(false) };
    case 'VOLUME':
      return { keyword: known, ...base, paths: reader.volumes() };
    case 'USER':
      return { keyword: known, ...base, user: reader.whole() };
    case 'WORKDIR':
      return { keyword: known, ...base, path: reader.whole() };
    case 'STOPSIGNAL':
      return { keyword: known, ...base, signal: reader.wholeUnchecked() };
    case 'MAINTAINER':
      return { keyword: known, ...base, name: reader.whole() };
    case 'HEALTHCHECK':
      return { keyword: known, ...base, check: reader.healthcheck() };
    case 'ONBUILD':
      return { keyword: known, ...base, ...reader.onbuild() };
  }
}

type Own<T extends Instruction> = Omit<
  T,
  'keyword' | 'range' | 'keywordRange' | 'writtenKeyword' | 'text' | 'display' | 'heredocs' | 'comments'
>;

const STAGE_NAME = /^[a-z][a-z0-9-_./]*$/;

/** One method per shape of arguments. */
class ArgumentReader {
  constructor(
    private readonly keyword: string,
    private readonly source: InstructionText,
    private readonly flagWords: readonly Fragment[],
    private readonly args: Fragment,
  ) {}

  from(): Own<FromInstruction> {
    const flags = this.flags({ platform: 'text' });
    const [image, as, name, ...more] = splitBlanks(this.args);
    const pair = as !== undefined && name !== undefined && as.text.toLowerCase() === 'as' && more.length === 0;
    if (image === undefined || (as !== undefined && !pair)) {
      throw new Fault('FROM requires either one or three arguments', as?.at ?? this.source.line.at, usageHint('FROM'));
    }
    const stageName = name?.text.toLowerCase();
    if (stageName !== undefined && !STAGE_NAME.test(stageName)) {
      const problem = `invalid name for build stage: ${JSON.stringify(name?.text)}, name can't start with a number or contain symbols`;
      throw new Fault(problem, name?.at);
    }
    return { platform: flags.text('platform'), image: image.text, stageName, writtenStageName: name?.text };
  }

  run(): Own<RunInstruction> {
    const flags = this.flags({ mount: 'list', network: 'text', security: 'text', device: 'list' });
    return {
      command: this.command(this.args),
      mounts: flags.list('mount').map(({ value, at }) => located(at, () => checkedMount(value))),
      network: oneOf(flags, 'network', ['default', 'none', 'host'], (value) => `invalid network mode ${JSON.stringify(value)}`),
      security: oneOf(flags, 'security', ['sandbox', 'insecure'], (value) => `security ${JSON.stringify(value)} is not valid`),
      devices: flags.list('device').map(({ value, at }) => parseDevice(value, at)),
    };
  }

  copy(): Own<CopyInstruction> {
    const flags = this.flags({ from: 'text', chown: 'text', chmod: 'text', link: 'boolean', parents: 'boolean', exclude: 'list' });
    const from = flags.text('from');
    if (from === '') throw new Fault('missing a value on flag: --from', flags.at('from'));
    return { ...this.copied(flags), from, parents: flags.boolean('parents') ?? false };
  }

  add(): Own<AddInstruction> {
    const kinds = { chown: 'text', chmod: 'text', link: 'boolean', exclude: 'list' } as const;
    const flags = this.flags({ ...kinds, 'keep-git-dir': 'boolean', checksum: 'text', unpack: 'boolean' });
    return {
      ...this.copied(flags),
      checksum: flags.text('checksum'),
      keepGitDir: flags.boolean('keep-git-dir'),
      unpack: flags.boolean('unpack'),
    };
  }

  arg(): Own<ArgInstruction> {
    const words = splitQuotedWords(this.args, this.source.escape);
    if (words.length === 0) throw this.tooFew('at least one argument');
    const args = words.map(({ text, at }) => {
      const equals = text.indexOf('=');
      if (equals === 0) throw new Fault('ARG names can not be blank', at);
      return equals === -1
        ? { name: text, defaultValue: undefined }
        : { name: text.slice(0, equals), defaultValue: text.slice(equals + 1) };
    });
    return { args };
  }

  pairs(): ReturnType<typeof parseNameValues> {
    this.flags({});
    return parseNameValues(this.keyword, this.args, this.source.escape);
  }

  plainCommand(): Command {
    this.flags({});
    return this.command(this.args);
  }

  shell(): readonly string[] {
    this.flags({});
    if (this.args.text === '') throw this.tooFew('at least one argument');
    const argv = parseJsonForm(this.args);
    if (argv === undefined) throw new Fault('SHELL requires the arguments to be in JSON form', this.args.at, usageHint('SHELL'));
    if (argv.length === 0) throw this.tooFew('at least one argument');
    return argv;
  }

  /** Words, or strings in JSON form where `json` allows it. */
  list(json: boolean): readonly string[] {
    this.flags({});
    const values = (json ? parseJsonForm(this.args) : undefined) ?? splitBlanks(this.args).map((word) => word.text);
    if (values.length === 0) throw this.tooFew('at least one argument');
    return values;
  }

  volumes(): readonly string[] {
    const paths = this.list(true).map(trimSpace);
    if (paths.includes('')) throw new Fault('VOLUME specified can not be an empty string', this.args.at);
    return paths;
  }

  whole(): string {
    this.flags({});
    return this.wholeUnchecked();
  }

  /** BuildKit does not look at the flags of some instructions. */
  wholeUnchecked(): string {
    if (this.args.text === '') throw this.tooFew('exactly one argument');
    return this.args.text;
  }

  healthcheck(): HealthcheckCommand | undefined {
    const { keyword: written, rest, restAt } = splitKeyword(this.args.text);
    const type = written.toUpperCase();
    if (type === '') throw this.tooFew('at least one argument');
    if (type === 'NONE') {
      if (rest !== '') throw new Fault('HEALTHCHECK NONE takes no arguments', this.args.at + restAt);
      return undefined;
    }
    const flags = this.flags({ interval: 'text', timeout: 'text', 'start-period': 'text', 'start-interval': 'text', retries: 'text' });
    if (type !== 'CMD') throw new Fault(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`, this.args.at);
    const command = this.command(trimFragment(sliceFragment(this.args, restAt)));
    if (command.form === 'exec' ? command.argv.length === 0 : command.text === '') {
      throw new Fault('Missing command after HEALTHCHECK CMD', this.args.at, usageHint('HEALTHCHECK'));
    }
    return {
      command,
      intervalNs: durationFlag(flags, 'interval'),
      timeoutNs: durationFlag(flags, 'timeout'),
      startPeriodNs: durationFlag(flags, 'start-period'),
      startIntervalNs: durationFlag(flags, 'start-interval'),
      retries: retriesFlag(flags),
    };
  }

  onbuild(): Own<OnbuildInstruction> {
    this.flags({});
    if (this.args.text === '') throw this.tooFew('at least one argument');
    const inner = splitKeyword(this.args.text).keyword.toUpperCase();
    if (inner === 'ONBUILD') throw new Fault("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", this.args.at);
    if (inner === 'FROM' || inner === 'MAINTAINER') throw new Fault(`${inner} isn't allowed as an ONBUILD trigger`, this.args.at);
    const instruction = parseInstruction({ ...this.source, line: this.args, comments: [] });
    const bodies = this.source.heredocs.map(({ content, name }) => `\n${content}${name}`);
    return { trigger: this.args.text + bodies.join(''), instruction };
  }

  private command(args: Fragment): Command {
    const argv = parseJsonForm(args);
    return argv === undefined ? { form: 'shell', text: args.text } : { form: 'exec', argv };
  }

  private copied(flags: Flags): Omit<Own<CopyInstruction>, 'from' | 'parents'> {
    const words = this.copyWords();
    const destination = words.at(-1);
    if (destination === undefined || words.length < 2) {
      throw this.tooFew('at least two arguments, but only one was provided. Destination could not be determined');
    }
    if (destination.kind === 'heredoc') throw new Fault(`${this.keyword} cannot accept a heredoc as a destination`, this.args.at);
    return {
      sources: words.slice(0, -1),
      destination: destination.path,
      chown: flags.text('chown'),
      chmod: flags.text('chmod'),
      link: flags.boolean('link') ?? false,
      exclude: flags.list('exclude').map(({ value }) => value),
    };
  }

  private copyWords(): CopySource[] {
    const paths = parseJsonForm(this.args);
    if (paths !== undefined) return paths.map((path) => ({ kind: 'path', path }));
    const words: CopySource[] = [];
    let position = 0;
    const addPaths = (end: number): void => {
      for (const { text } of splitBlanks(sliceFragment(this.args, position, end))) words.push({ kind: 'path', path: text });
    };
    for (const [index, { start, end }] of this.source.heredocWords.entries()) {
      const heredoc = this.source.heredocs[index];
      if (heredoc === undefined || start < this.args.at) continue;
      addPaths(start - this.args.at);
      words.push({ kind: 'heredoc', heredoc });
      position = end - this.args.at;
    }
    addPaths(this.args.text.length);
    return words;
  }

  private flags(known: Readonly<Record<string, FlagKind>>): Flags {
    return parseFlags(this.flagWords, known);
  }

  private tooFew(what: string): Fault {
    return new Fault(`${this.keyword} requires ${what}`, this.source.line.at, usageHint(this.keyword));
  }
}

/** A mount without variables is checked whole, so that a mistake is found before anything is built. */
function checkedMount(text: string): MountSpec {
  const spec = parseMountSpec(text);
  const same = (value: string): string => value;
  if (!text.includes('$')) resolveMount(spec, same, same);
  return spec;
}

function located<T>(at: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.problem, error.at ?? at, error.hint);
    throw error;
  }
}

function oneOf<T extends string>(flags: Flags, name: string, allowed: readonly T[], problem: (value: string) => string): T | undefined {
  const value = flags.text(name);
  if (value === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === value.toLowerCase());
  if (found === undefined) throw new Fault(problem(value), flags.at(name), didYouMean(value, allowed) ?? oneOfHint(allowed));
  return found;
}

function parseDevice(value: string, at: number): { readonly name: string; readonly required: boolean } {
  const [name = '', ...rest] = value.split(',');
  const unknown = rest.find((word) => word !== 'required');
  if (name === '' || unknown !== undefined) throw new Fault(`invalid device ${JSON.stringify(value)}`, at);
  return { name, required: rest.includes('required') };
}

const MINIMUM_DURATION_NS = 1_000_000;

function durationFlag(flags: Flags, name: string): number | undefined {
  const text = flags.text(name);
  if (text === undefined || text === '') return undefined;
  let duration: number;
  try {
    duration = parseGoDuration(text);
  } catch (error) {
    if (error instanceof RangeError) throw new Fault(error.message, flags.at(name), 'A duration is written like 500ms, 30s or 1m30s');
    throw error;
  }
  if (duration !== 0 && duration < MINIMUM_DURATION_NS) {
    throw new Fault(`Interval ${JSON.stringify(name)} cannot be less than 1ms`, flags.at(name));
  }
  return duration;
}

function retriesFlag(flags: Flags): number | undefined {
  const text = flags.text('retries');
  if (text === undefined || text === '') return undefined;
  if (!/^[-+]?\d{1,10}$/.test(text)) throw new Fault(`invalid value ${JSON.stringify(text)} for flag --retries`, flags.at('retries'));
  const retries = Number(text);
  if (retries < 0) throw new Fault(`--retries cannot be negative (${retries})`, flags.at('retries'));
  if (retries > 0x7fffffff) throw new Fault(`invalid value ${JSON.stringify(text)} for flag --retries`, flags.at('retries'));
  return retries;
}
