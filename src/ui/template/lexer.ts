/** A piece of a template: text to copy, or the tokens between `{{` and `}}`. */
export type Piece = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'action'; readonly tokens: readonly Token[] };

export type Token =
  /** `.`, `.Name`, `.Name.Name` is two of these; `adjoined` when no blank stands before it, so that it continues what went before. */
  | { readonly kind: 'field'; readonly name: string; readonly adjoined: boolean }
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'word'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: string | number }
  | { readonly kind: 'punctuation'; readonly text: '(' | ')' | '|' | ',' | ':=' | '=' };

/** `fail` throws. */
export type Fail = (problem: string) => never;

/** Cuts a template into pieces, with `{{-` and `-}}` applied and comments gone. @see https://pkg.go.dev/text/template#hdr-Text_and_spaces */
export function splitTemplate(template: string, fail: Fail): readonly Piece[] {
  const pieces: Piece[] = [];
  let trimNext = false;
  let position = 0;
  while (position < template.length) {
    const open = template.indexOf('{{', position);
    const end = open === -1 ? template.length : open;
    const trimHere = open !== -1 && /^-\s/.test(template.slice(open + 2, open + 4));
    let text = template.slice(position, end);
    if (trimNext) text = text.trimStart();
    if (trimHere) text = text.trimEnd();
    if (text !== '') pieces.push({ kind: 'text', text });
    if (open === -1) break;
    const close = findClose(template, open + 2, fail);
    let inner = template.slice(open + (trimHere ? 3 : 2), close);
    trimNext = /\s-$/.test(inner);
    if (trimNext) inner = inner.slice(0, -1);
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/.test(inner)) pieces.push({ kind: 'action', tokens: tokenize(inner, fail) });
    position = close + 2;
  }
  return pieces;
}

/** The `}}` that ends an action; those inside strings do not. */
function findClose(template: string, from: number, fail: Fail): number {
  let quote = '';
  for (let i = from; i < template.length; i++) {
    const char = template[i] ?? '';
    if (quote !== '') {
      if (char === '\\' && quote === '"') i++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === '`') quote = char;
    else if (char === '}' && template[i + 1] === '}') return i;
  }
  return fail('an action that begins with "{{" has no "}}"');
}

const TOKEN =
  /(?<blank>\s+)|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<number>[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+))|(?<char>'(?:[^'\\\n]|\\(?:[0-7]{3}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|.))')|(?<variable>\$\w*)|(?<field>\.[A-Za-z_]\w*)|(?<dot>\.)|(?<word>[A-Za-z_]\w*)|(?<mark>:=|[()|,=])/y;

function tokenize(text: string, fail: Fail): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let afterBlank = true;
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) return fail(`unexpected ${JSON.stringify(text[start])} in an action`);
    const token = toToken(groups, !afterBlank, fail);
    if (token !== undefined) tokens.push(token);
    afterBlank = groups.blank !== undefined;
  }
  return tokens;
}

function toToken(groups: Record<string, string | undefined>, adjoined: boolean, fail: Fail): Token | undefined {
  const { string, number, char, variable, field, dot, word, mark } = groups;
  if (string !== undefined) return { kind: 'literal', value: string.startsWith('`') ? string.slice(1, -1) : unescapeString(string, fail) };
  if (number !== undefined) return { kind: 'literal', value: parseNumber(number) };
  if (char !== undefined) return { kind: 'literal', value: unescapeString(char, fail).codePointAt(0) ?? 0 };
  if (variable !== undefined) return { kind: 'variable', name: variable.slice(1) };
  if (field !== undefined) return { kind: 'field', name: field.slice(1), adjoined };
  if (dot !== undefined) return { kind: 'dot' };
  if (word !== undefined) return { kind: 'word', name: word };
  if (mark !== undefined) return { kind: 'punctuation', text: mark as Extract<Token, { kind: 'punctuation' }>['text'] };
  return undefined;
}

/** A sign before another base than ten is none to JavaScript. */
function parseNumber(text: string): number {
  const digits = text.replaceAll('_', '');
  const negative = digits.startsWith('-');
  const magnitude = Number(digits.replace(/^[+-]/, ''));
  return negative ? -magnitude : magnitude;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '"': '"',
  "'": "'",
  '\\': '\\',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

function unescapeString(quoted: string, fail: Fail): string {
  return quoted.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/g, (_, code: string) => {
    if (/^[0-7]{3}$/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    if (code.length > 1) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    return ESCAPES[code] ?? fail(`unknown escape "\\${code}" in a string`);
  });
}
