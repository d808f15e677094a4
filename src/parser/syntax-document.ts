import type { Directives, Escape } from './directives.js';
import { splitFlags } from './flags.js';
import { Fault, type Fragment, sliceFragment, trimFragment } from './fragment.js';
import { parseJsonForm } from './json-form.js';
import { inspectContainerfile } from './parse-containerfile.js';
import { type ScannedInstruction, scanSource, splitKeyword } from './scan.js';
import type { Source } from './source.js';
import { splitBlanks, splitQuotedWords } from './words.js';

/** A Containerfile as its syntax has it, for other programs: `tsbuild lint --ast`. docs/ast.md says what each field holds. */
export interface SyntaxDocument {
  readonly version: 1;
  readonly file: string;
  readonly directives: Directives;
  readonly instructions: readonly InstructionSyntax[];
  /** What is wrong with the file; the instructions are given all the same. */
  readonly errors: readonly SyntaxProblem[];
}

export interface InstructionSyntax {
  /** As written. */
  readonly keyword: string;
  readonly startLine: number;
  readonly endLine: number;
  readonly comments: readonly string[];
  readonly flags: readonly FlagSyntax[];
  readonly arguments: ArgumentSyntax;
  readonly heredocs: readonly HeredocSyntax[];
  /** Of ONBUILD: the instruction behind it. */
  readonly trigger?: Pick<InstructionSyntax, 'keyword' | 'flags' | 'arguments'>;
}

export interface FlagSyntax {
  readonly name: string;
  /** `null`: the flag stands alone. */
  readonly value: string | null;
}

export type ArgumentSyntax =
  /** The strings of a JSON array. */
  | { readonly form: 'json'; readonly values: readonly string[] }
  /** Words between blanks; of ARG, ENV and LABEL with their quotes. */
  | { readonly form: 'words'; readonly values: readonly string[] }
  /** One text up to the end of the instruction. */
  | { readonly form: 'text'; readonly value: string };

export interface HeredocSyntax {
  readonly name: string;
  readonly fd: number;
  readonly expand: boolean;
  /** `<<-`. */
  readonly chomp: boolean;
  /** As written, tabs and all. */
  readonly content: string;
}

export interface SyntaxProblem {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly message: string;
  readonly hint?: string;
}

/** Never throws: what is wrong is in `errors`. */
export function syntaxDocument(source: Source): SyntaxDocument {
  const { directives, instructions } = scanSource(source);
  const { errors } = inspectContainerfile(source);
  return {
    version: 1,
    file: source.name,
    directives,
    instructions: instructions.map((one) => instructionSyntax(one, directives.escape)),
    errors: errors.map(({ line, column, endLine, problem, hint }) => ({
      line,
      column,
      endLine,
      message: problem,
      ...(hint !== undefined && { hint }),
    })),
  };
}

function instructionSyntax(one: ScannedInstruction, escapeCharacter: Escape): InstructionSyntax {
  const line = { text: one.line, at: 0 };
  const { keyword, rest } = keywordOf(line);
  return {
    keyword,
    startLine: one.range.startLine,
    endLine: one.range.endLine,
    comments: one.comments,
    ...partsOf(line, escapeCharacter),
    heredocs: one.heredocs.map(({ name, fd, expand, stripTabs, content }) => ({ name, fd, expand, chomp: stripTabs, content })),
    ...(keyword.toUpperCase() === 'ONBUILD' && rest.text !== '' && { trigger: triggerOf(rest, escapeCharacter) }),
  };
}

function triggerOf(rest: Fragment, escapeCharacter: Escape): NonNullable<InstructionSyntax['trigger']> {
  return { keyword: keywordOf(rest).keyword, ...partsOf(rest, escapeCharacter) };
}

function keywordOf(line: Fragment): { readonly keyword: string; readonly rest: Fragment } {
  const { keyword, rest, restAt } = splitKeyword(line.text);
  return { keyword, rest: trimFragment({ text: rest, at: line.at + restAt }) };
}

function partsOf(line: Fragment, escapeCharacter: Escape): Pick<InstructionSyntax, 'flags' | 'arguments'> {
  const { keyword, rest } = keywordOf(line);
  const { flags, rest: args } = splitFlags(rest, escapeCharacter);
  return { flags: flags.map(({ text }) => flagOf(text)), arguments: argumentsOf(keyword.toUpperCase(), args, escapeCharacter) };
}

function flagOf(text: string): FlagSyntax {
  const equals = text.indexOf('=');
  return { name: text.slice(2, equals === -1 ? undefined : equals), value: equals === -1 ? null : text.slice(equals + 1) };
}

function argumentsOf(keyword: string, args: Fragment, escapeCharacter: Escape): ArgumentSyntax {
  switch (keyword) {
    case 'RUN':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'SHELL':
      return json(args) ?? { form: 'text', value: args.text };
    case 'ADD':
    case 'COPY':
    case 'VOLUME':
      return json(args) ?? { form: 'words', values: splitBlanks(args).map(({ text }) => text) };
    case 'EXPOSE':
    case 'FROM':
      return { form: 'words', values: splitBlanks(args).map(({ text }) => text) };
    case 'ARG':
      return { form: 'words', values: splitQuotedWords(args, escapeCharacter).map(({ text }) => text) };
    case 'ENV':
    case 'LABEL':
      return { form: 'words', values: pairWords(args, escapeCharacter) };
    case 'HEALTHCHECK': {
      // The command behind CMD may be JSON; the word before it is kept.
      const { keyword: type, rest } = keywordOf(args);
      const command = type.toUpperCase() === 'CMD' ? json(rest) : undefined;
      return command?.form === 'json' ? { form: 'json', values: [type, ...command.values] } : { form: 'text', value: args.text };
    }
    default:
      return { form: 'text', value: args.text };
  }
}

/** Words with `=`, or in the old form the name and all the rest. */
function pairWords(args: Fragment, escapeCharacter: Escape): readonly string[] {
  const words = splitQuotedWords(args, escapeCharacter);
  if (words[0] === undefined || words[0].text.includes('=')) return words.map(({ text }) => text);
  const [name, second] = splitBlanks(args);
  if (name === undefined) return [];
  return second === undefined ? [name.text] : [name.text, sliceFragment(args, second.at - args.at).text];
}

/** `undefined`: not in that form, or an array of something else than strings, which is told among the errors. */
function json(args: Fragment): { readonly form: 'json'; readonly values: readonly string[] } | undefined {
  try {
    const values = parseJsonForm(args);
    return values === undefined ? undefined : { form: 'json', values };
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
