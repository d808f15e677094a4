import { FUNCTIONS, isTrue } from './functions.js';
import { formatValue, NO_VALUE } from './go-format.js';
import type { Fail } from './lexer.js';
import type { Command, Definitions, Node, Operand, Pipeline } from './parser.js';

export interface TemplateOptions {
  /** What a field has that a JSON document leaves out when it is empty, by its Go name: `Entrypoint: []`. */
  readonly zeroValues?: Readonly<Record<string, unknown>>;
  /** The data is a map to Go, so that a field it lacks is no mistake. */
  readonly isMap?: boolean;
}

/** Writes a template's text for `data`. */
export function evaluate(
  { nodes, definitions }: { readonly nodes: readonly Node[]; readonly definitions: Definitions },
  data: unknown,
  options: TemplateOptions,
  fail: Fail,
): string {
  const evaluator = new Evaluator(data, definitions, options, fail);
  evaluator.run(nodes, data, new Scope(undefined, new Map([['', data]])));
  return evaluator.output.join('');
}

/** Far more than a template of a command line needs; one that calls itself without end is told of before memory is gone. */
const MAX_DEPTH = 1000;

/** How a list of nodes ended: {{break}} and {{continue}} leave the blocks up to their {{range}}. */
type Ending = 'done' | 'break' | 'continue';

class Scope {
  constructor(
    private readonly parent: Scope | undefined,
    private readonly values = new Map<string, unknown>(),
  ) {}

  declare(name: string, value: unknown): void {
    this.values.set(name, value);
  }

  /** The scope that declares `name`. */
  find(name: string): Map<string, unknown> | undefined {
    return this.values.has(name) ? this.values : this.parent?.find(name);
  }
}

class Evaluator {
  readonly output: string[] = [];
  private depth = 0;

  constructor(
    private readonly root: unknown,
    private readonly definitions: Definitions,
    private readonly options: TemplateOptions,
    private readonly fail: Fail,
  ) {}

  run(nodes: readonly Node[], dot: unknown, scope: Scope): Ending {
    for (const node of nodes) {
      const ending = this.runNode(node, dot, scope);
      if (ending !== 'done') return ending;
    }
    return 'done';
  }

  private runNode(node: Node, dot: unknown, scope: Scope): Ending {
    switch (node.kind) {
      case 'text':
        this.output.push(node.text);
        return 'done';
      case 'print': {
        const value = this.pipeline(node.pipeline, dot, scope);
        if (node.pipeline.variables.length === 0) this.output.push(value === undefined || value === null ? NO_VALUE : formatValue(value));
        return 'done';
      }
      case 'if':
      case 'with': {
        const inner = new Scope(scope);
        const value = this.pipeline(node.pipeline, dot, inner);
        if (!isTrue(value)) return this.run(node.otherwise, dot, inner);
        return this.run(node.body, node.kind === 'with' ? value : dot, inner);
      }
      case 'range':
        return this.range(node, dot, scope);
      case 'template':
        return this.template(node, dot, scope);
      default:
        return node.kind;
    }
  }

  /** Sees its own value only, as `.` and as `$`. */
  private template({ name, pipeline }: Extract<Node, { kind: 'template' }>, dot: unknown, scope: Scope): Ending {
    const body = this.definitions.get(name) ?? this.fail(`template "${name}" not defined`);
    if (this.depth >= MAX_DEPTH) this.fail('exceeded maximum template depth');
    const value = pipeline === undefined ? undefined : this.pipeline(pipeline, dot, scope);
    this.depth++;
    this.run(body, value, new Scope(undefined, new Map([['', value]])));
    this.depth--;
    return 'done';
  }

  private range(node: Extract<Node, { kind: 'range' }>, dot: unknown, scope: Scope): Ending {
    const bare = { ...node.pipeline, variables: [] };
    const entries = this.entries(this.pipeline(bare, dot, scope));
    const variables = node.pipeline.variables;
    for (const [key, value] of entries) {
      const inner = new Scope(scope);
      const values = variables.length === 2 ? [key, value] : [value];
      variables.forEach((name, index) => {
        inner.declare(name, values[index]);
      });
      const ending = this.run(node.body, value, inner);
      if (ending === 'break') break;
    }
    return entries.length === 0 ? this.run(node.otherwise, dot, new Scope(scope)) : 'done';
  }

  /** Lists in order, maps sorted by key. */
  private entries(value: unknown): readonly (readonly [unknown, unknown])[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value.map((item, index) => [index, item] as const);
    if (typeof value === 'object') return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return this.fail(`range cannot iterate over ${formatValue(value)}`);
  }

  private pipeline(pipeline: Pipeline, dot: unknown, scope: Scope): unknown {
    let value: unknown;
    pipeline.commands.forEach((command, index) => {
      value = this.command(command, dot, scope, index === 0 ? [] : [value]);
    });
    for (const name of pipeline.variables) {
      if (!pipeline.assigns) scope.declare(name, value);
      else (scope.find(name) ?? this.fail(`undefined variable "$${name}"`)).set(name, value);
    }
    return value;
  }

  /** @param piped the value of the command before in the pipeline: the last argument */
  private command(command: Command, dot: unknown, scope: Scope, piped: readonly unknown[]): unknown {
    const [first, ...operands] = command;
    if (first?.kind === 'function') return this.call(first.name, operands, dot, scope, piped);
    if (first === undefined || operands.length > 0 || piped.length > 0) return this.fail('only a function can take arguments');
    return this.operand(first, dot, scope);
  }

  private call(name: string, operands: readonly Operand[], dot: unknown, scope: Scope, piped: readonly unknown[]): unknown {
    if (name === 'and' || name === 'or') return this.shortCircuit(name, operands, dot, scope, piped);
    const called = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (called === undefined) return this.fail(`function "${name}" not defined`);
    return called(this.fail, ...operands.map((operand) => this.operand(operand, dot, scope)), ...piped);
  }

  private shortCircuit(name: 'and' | 'or', operands: readonly Operand[], dot: unknown, scope: Scope, piped: readonly unknown[]): unknown {
    let value: unknown;
    if (operands.length + piped.length === 0) this.fail(`wrong number of args for ${name}: want at least 1 got 0`);
    for (const operand of operands) {
      value = this.operand(operand, dot, scope);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  private operand(operand: Operand, dot: unknown, scope: Scope): unknown {
    if (operand.kind === 'literal') return operand.value;
    if (operand.kind === 'function') return this.call(operand.name, [], dot, scope, []);
    return operand.fields.reduce((value, name) => this.field(value, name), this.base(operand.base, dot, scope));
  }

  private base(base: Extract<Operand, { kind: 'chain' }>['base'], dot: unknown, scope: Scope): unknown {
    if (base.kind === 'dot') return dot;
    if (base.kind === 'pipeline') return this.pipeline(base.pipeline, dot, scope);
    return (scope.find(base.name) ?? this.fail(`undefined variable "$${base.name}"`)).get(base.name);
  }

  private field(value: unknown, name: string): unknown {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) return this.fail(`can't evaluate field ${name} in ${formatValue(value)}`);
    const object = value as Record<string, unknown>;
    const key = Object.hasOwn(object, name) ? name : findGoName(object, name);
    if (key !== undefined) return object[key];
    const zeroValues = this.options.zeroValues ?? {};
    if (Object.hasOwn(zeroValues, name)) return zeroValues[name];
    // A map may lack a key; the document itself is a struct of which every field is known.
    return value === this.root && this.options.isMap !== true
      ? this.fail(`can't evaluate field ${name}: there are ${Object.keys(object).join(', ')}`)
      : undefined;
  }
}

/** JSON documents name the fields of Go's structs in their own way: `DiffIDs` is `diff_ids`, `OS` is `os`. */
function findGoName(object: Record<string, unknown>, name: string): string | undefined {
  if (!/^[A-Z]/.test(name)) return undefined;
  const wanted = name.toLowerCase();
  return Object.keys(object).find((key) => key.replaceAll('_', '').toLowerCase() === wanted);
}
