import type { Fail, Piece, Token } from './lexer.js';

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipeline: Pipeline }
  | { readonly kind: 'if' | 'with'; readonly pipeline: Pipeline; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly kind: 'range'; readonly pipeline: Pipeline; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly kind: 'break' | 'continue' }
  /** `{{template "name" pipeline}}`; without a pipeline the data is nil. */
  | { readonly kind: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined };

/** What `{{define}}` and `{{block}}` name, by the name. */
export type Definitions = ReadonlyMap<string, readonly Node[]>;

export interface Pipeline {
  /** `$x :=`, and two of them in `range $i, $x :=`. Empty: the value is used or printed. */
  readonly variables: readonly string[];
  /** `=` instead of `:=`: the variable exists already. */
  readonly assigns: boolean;
  /** At least one; each gets the value of the one before as its last argument. */
  readonly commands: readonly Command[];
}

/** Operands of one command: a function's name with its arguments, or one value. */
export type Command = readonly Operand[];

export type Operand =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'chain'; readonly base: Base; readonly fields: readonly string[] };

type Base =
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline };

const CONSTANTS: Readonly<Record<string, unknown>> = { true: true, false: false, nil: null };

/** The tree of a template. @see https://pkg.go.dev/text/template#hdr-Actions */
export function parseTemplate(
  pieces: readonly Piece[],
  fail: Fail,
): { readonly nodes: readonly Node[]; readonly definitions: Definitions } {
  const cursor: Cursor = { pieces, position: 0, ranges: 0, definitions: new Map() };
  const { nodes, end } = parseNodes(cursor, fail);
  if (end !== undefined) fail(`unexpected {{${end.word}}}`);
  return { nodes, definitions: cursor.definitions };
}

interface Cursor {
  readonly pieces: readonly Piece[];
  position: number;
  /** How many {{range}} are open: outside of them nothing can be broken off. */
  ranges: number;
  readonly definitions: Map<string, readonly Node[]>;
}

/** `{{end}}` or `{{else …}}`, which ends a list of nodes; `rest` is what follows the word. */
interface BlockEnd {
  readonly word: 'end' | 'else';
  readonly rest: readonly Token[];
}

function parseNodes(cursor: Cursor, fail: Fail): { nodes: readonly Node[]; end: BlockEnd | undefined } {
  const nodes: Node[] = [];
  while (cursor.position < cursor.pieces.length) {
    const piece = cursor.pieces[cursor.position++];
    if (piece === undefined) break;
    if (piece.kind === 'text') {
      nodes.push(piece);
      continue;
    }
    const [first, ...rest] = piece.tokens;
    const word = first?.kind === 'word' ? first.name : '';
    if (word === 'end' || word === 'else') return { nodes, end: { word, rest } };
    if (word === 'if' || word === 'with' || word === 'range') nodes.push(parseBlock(word, rest, cursor, fail));
    else if (word === 'break' || word === 'continue')
      nodes.push(cursor.ranges > 0 ? { kind: word } : fail(`{{${word}}} outside {{range}}`));
    else if (word === 'define') define(rest, cursor, fail);
    else if (word === 'template' || word === 'block') {
      const call = parseCall(word, rest, fail);
      nodes.push(call);
      if (word === 'block') cursor.definitions.set(call.name, parseBody('block', cursor, fail));
    } else nodes.push({ kind: 'print', pipeline: parsePipeline(piece.tokens, fail) });
  }
  return { nodes, end: undefined };
}

function parseBlock(kind: 'if' | 'with' | 'range', tokens: readonly Token[], cursor: Cursor, fail: Fail): Node {
  const pipeline = parsePipeline(tokens, fail);
  if (kind === 'range') cursor.ranges++;
  const { nodes: body, end } = parseNodes(cursor, fail);
  if (kind === 'range') cursor.ranges--;
  if (end === undefined) return fail(`{{${kind}}} has no {{end}}`);
  if (end.word === 'end') return { kind, pipeline, body, otherwise: [] };
  const [next, ...rest] = end.rest;
  if (next?.kind === 'word' && (next.name === 'if' || next.name === 'with')) {
    // {{else if}} shares the {{end}} of the whole.
    return { kind, pipeline, body, otherwise: [parseBlock(next.name, rest, cursor, fail)] };
  }
  if (next !== undefined) return fail('{{else}} is followed by something other than "if" or "with"');
  const { nodes: otherwise, end: last } = parseNodes(cursor, fail);
  if (last?.word !== 'end') return fail(`{{${kind}}} has no {{end}}`);
  return { kind, pipeline, body, otherwise };
}

function define(tokens: readonly Token[], cursor: Cursor, fail: Fail): void {
  const { name, rest } = parseName('define', tokens, fail);
  if (rest.length > 0) fail('{{define}} takes a name only');
  cursor.definitions.set(name, parseBody('define', cursor, fail));
}

function parseCall(word: 'template' | 'block', tokens: readonly Token[], fail: Fail): Extract<Node, { kind: 'template' }> {
  const { name, rest } = parseName(word, tokens, fail);
  if (word === 'block' && rest.length === 0) fail('{{block}} has no value');
  return { kind: 'template', name, pipeline: rest.length === 0 ? undefined : parsePipeline(rest, fail) };
}

function parseName(
  word: string,
  [first, ...rest]: readonly Token[],
  fail: Fail,
): { readonly name: string; readonly rest: readonly Token[] } {
  if (first?.kind === 'literal' && typeof first.value === 'string') return { name: first.value, rest };
  return fail(`{{${word}}} is not followed by a name in quotes`);
}

function parseBody(word: string, cursor: Cursor, fail: Fail): readonly Node[] {
  const { ranges } = cursor;
  cursor.ranges = 0;
  const { nodes, end } = parseNodes(cursor, fail);
  cursor.ranges = ranges;
  if (end?.word !== 'end') fail(`{{${word}}} has no {{end}}`);
  return nodes;
}

function parsePipeline(tokens: readonly Token[], fail: Fail): Pipeline {
  if (tokens.length === 0) return fail('an action is empty');
  const { variables, assigns, rest } = splitDeclaration(tokens, fail);
  const reader = { tokens: rest, position: 0 };
  const commands = parseCommands(reader, fail);
  if (reader.position < rest.length) return fail('unexpected ")"');
  return { variables, assigns, commands };
}

function splitDeclaration(
  tokens: readonly Token[],
  fail: Fail,
): { variables: readonly string[]; assigns: boolean; rest: readonly Token[] } {
  const at = tokens.findIndex((token) => isMark(token, ':=') || isMark(token, '='));
  if (at === -1) return { variables: [], assigns: false, rest: tokens };
  const names = tokens.slice(0, at).filter((token) => !isMark(token, ','));
  const variables = names.map((token) => (token.kind === 'variable' ? token.name : fail('only variables can be assigned to')));
  if (variables.length === 0 || variables.length > 2) fail('one variable is assigned to, or two in {{range}}');
  return { variables, assigns: isMark(tokens[at], '='), rest: tokens.slice(at + 1) };
}

interface TokenReader {
  readonly tokens: readonly Token[];
  position: number;
}

/** Up to the end or a closing parenthesis, which is left in place. */
function parseCommands(reader: TokenReader, fail: Fail): readonly Command[] {
  const commands: Operand[][] = [[]];
  while (reader.position < reader.tokens.length && !isMark(reader.tokens[reader.position], ')')) {
    if (isMark(reader.tokens[reader.position], '|')) {
      reader.position++;
      commands.push([]);
    } else commands.at(-1)?.push(parseOperand(reader, fail));
  }
  if (commands.some((command) => command.length === 0)) fail('a value is missing');
  if (commands.some(([first]) => first?.kind === 'literal' && first.value === null)) fail('nil is not a command');
  for (const [first, ...rest] of commands) {
    if (first?.kind === 'literal' && rest.length > 0) fail('a constant cannot be called');
  }
  return commands;
}

function parseOperand(reader: TokenReader, fail: Fail): Operand {
  const token = reader.tokens[reader.position++];
  switch (token?.kind) {
    case 'literal':
      return { kind: 'literal', value: token.value };
    case 'word':
      return Object.hasOwn(CONSTANTS, token.name)
        ? { kind: 'literal', value: CONSTANTS[token.name] }
        : { kind: 'function', name: token.name };
    case 'dot':
      return { kind: 'chain', base: { kind: 'dot' }, fields: [] };
    case 'field':
      return { kind: 'chain', base: { kind: 'dot' }, fields: [token.name, ...parseFields(reader)] };
    case 'variable':
      return { kind: 'chain', base: { kind: 'variable', name: token.name }, fields: parseFields(reader) };
    default:
      if (!isMark(token, '(')) return fail('a value is missing');
  }
  const pipeline = { variables: [], assigns: false, commands: parseCommands(reader, fail) };
  if (!isMark(reader.tokens[reader.position++], ')')) return fail('a "(" has no ")"');
  return { kind: 'chain', base: { kind: 'pipeline', pipeline }, fields: parseFields(reader) };
}

function parseFields(reader: TokenReader): readonly string[] {
  const fields: string[] = [];
  for (;;) {
    const token = reader.tokens[reader.position];
    if (token?.kind !== 'field' || !token.adjoined) return fields;
    fields.push(token.name);
    reader.position++;
  }
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'punctuation' && token.text === text;
}
