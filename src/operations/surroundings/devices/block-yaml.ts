/** A text is not of the part of YAML that {@link parseBlockYaml} reads. */
export class BlockYamlError extends Error {
  constructor(
    readonly line: number,
    problem: string,
  ) {
    super(`line ${line}: ${problem}`);
  }
}

type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

/**
 * Reads the part of YAML that tools write device specifications in: mappings and lists by indentation, values on one line, plain or in
 * quotes, and the empty `[]` and `{}`. Anchors, tags and texts over several lines are refused, not guessed at.
 *
 * @throws {BlockYamlError}
 */
export function parseBlockYaml(text: string): unknown {
  const lines: Line[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const content = raw.trimEnd();
    const trimmed = content.trimStart();
    if (trimmed === '' || trimmed.startsWith('#') || (index === 0 && trimmed === '---')) continue;
    if (/^\s*\t/.test(content)) throw new BlockYamlError(index + 1, 'a tab in the indentation');
    lines.push({ number: index + 1, indent: content.length - trimmed.length, text: trimmed });
  }
  const reader = new Reader(lines);
  const value = lines.length === 0 ? null : reader.block(lines[0]!.indent);
  reader.end();
  return value;
}

class Reader {
  #at = 0;
  readonly #lines: Line[];

  constructor(lines: readonly Line[]) {
    this.#lines = [...lines];
  }

  end(): void {
    const line = this.#lines[this.#at];
    if (line !== undefined) throw new BlockYamlError(line.number, 'unexpected indentation');
  }

  block(indent: number): Value {
    return isItem(this.#lines[this.#at]!.text) ? this.#list(indent) : this.#mapping(indent);
  }

  #list(indent: number): Value[] {
    const items: Value[] = [];
    for (let line = this.#lines[this.#at]; line?.indent === indent && isItem(line.text); line = this.#lines[this.#at]) {
      const rest = line.text.slice(1).trimStart();
      if (rest === '') {
        this.#at++;
        items.push(this.#nested(indent));
      } else if (isItem(rest) || isPair(rest)) {
        // What stands behind the dash begins a block of its own, as deep as it stands.
        const inner = indent + line.text.length - rest.length;
        this.#lines[this.#at] = { ...line, indent: inner, text: rest };
        items.push(this.block(inner));
      } else {
        this.#at++;
        items.push(scalar(rest, line.number));
      }
    }
    return items;
  }

  #mapping(indent: number): Value {
    const entries = new Map<string, Value>();
    for (let line = this.#lines[this.#at]; line?.indent === indent && !isItem(line.text); line = this.#lines[this.#at]) {
      const match = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s:#'"[\]{},&*!|>%@`][^:#]*?)\s*:(?:\s+(.*))?$/.exec(line.text);
      if (match === null) throw new BlockYamlError(line.number, 'expected NAME: VALUE');
      const name = String(scalar(match[1]!, line.number));
      if (entries.has(name)) throw new BlockYamlError(line.number, `"${name}" is there twice`);
      const rest = withoutComment(match[2] ?? '');
      this.#at++;
      entries.set(name, rest === '' ? this.#nested(indent, true) : scalar(rest, line.number));
    }
    return Object.fromEntries(entries);
  }

  /** A list may be as deep as the name it belongs to. */
  #nested(indent: number, inMapping = false): Value {
    const next = this.#lines[this.#at];
    if (next === undefined) return null;
    if (next.indent > indent || (inMapping && next.indent === indent && isItem(next.text))) return this.block(next.indent);
    return null;
  }
}

function isItem(text: string): boolean {
  return text === '-' || text.startsWith('- ');
}

function isPair(text: string): boolean {
  return /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s:#'"[\]{},&*!|>%@`][^:#]*?)\s*:(?:\s|$)/.test(text);
}

function withoutComment(text: string): string {
  return /^["']/.test(text) ? text : text.replace(/(?:^|\s)#.*$/, '').trimEnd();
}

function scalar(text: string, line: number): Value {
  if (text.startsWith('"')) {
    const match = /^("(?:[^"\\]|\\.)*")\s*(?:#.*)?$/.exec(text);
    try {
      // The escapes of JSON are those of YAML that tools write.
      if (match !== null) return JSON.parse(match[1]!) as string;
    } catch {
      // Said below.
    }
    throw new BlockYamlError(line, 'a text in quotes that cannot be read');
  }
  if (text.startsWith("'")) {
    const match = /^'((?:[^']|'')*)'\s*(?:#.*)?$/.exec(text);
    if (match === null) throw new BlockYamlError(line, 'a text in quotes that does not end');
    return match[1]!.replaceAll("''", "'");
  }
  const plain = withoutComment(text);
  if (plain === '[]') return [];
  if (plain === '{}') return {};
  if (/^[[\]{}&*!|>%@`?]/.test(plain)) throw new BlockYamlError(line, `"${plain}" is of a part of YAML that is not read here`);
  if (plain === 'true' || plain === 'false') return plain === 'true';
  if (plain === 'null' || plain === '~') return null;
  if (/^-?(?:0|[1-9]\d*)$/.test(plain)) return Number(plain);
  if (/^0o?[0-7]+$/.test(plain)) return Number.parseInt(plain.replace('o', ''), 8);
  return plain;
}
