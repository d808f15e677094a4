import { readFileSync } from 'node:fs';
import { TsbuildError } from '../../errors.js';
import { type AttributeConstraint, type PolicyRule, policyPattern, type SourcePolicy } from './source-policy.js';

/** A source policy that cannot be read, or does not say what it should. A build does not go on without it. */
export class SourcePolicyError extends TsbuildError {
  readonly code = 'SETTINGS_INVALID';
  constructor(
    readonly file: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot use the source policy "${file}": ${problem}`, {
      ...options,
      hint: 'It is JSON: {"rules": [{"action": "ALLOW|DENY|CONVERT", "selector": {"identifier": ..., "matchType": "WILDCARD|EXACT|REGEX"}, "updates": {...}}]}',
    });
  }
}

/** @throws {SourcePolicyError} */
export function readSourcePolicy(file: string): SourcePolicy {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SourcePolicyError(file, 'it cannot be read', { cause: error });
  }
  return parseSourcePolicy(text, file);
}

/** @throws {SourcePolicyError} */
export function parseSourcePolicy(text: string, file: string): SourcePolicy {
  const fail = (problem: string): never => {
    throw new SourcePolicyError(file, problem);
  };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return fail(`it is not JSON (${(error as Error).message})`);
  }
  if (!isObject(document)) return fail('it is not a JSON object');
  const rules = document.rules ?? [];
  if (!Array.isArray(rules)) return fail('"rules" is not a list');
  return { origin: file, rules: rules.map((rule, at) => parseRule(rule, (problem) => fail(`rule ${at + 1}: ${problem}`))) };
}

type Fail = (problem: string) => never;

// Numbers are those of BuildKit's protocol, which its JSON reader takes too.
const ACTIONS = ['ALLOW', 'DENY', 'CONVERT'] as const;
const MATCH_TYPES = ['WILDCARD', 'EXACT', 'REGEX'] as const;
const CONDITIONS = ['EQUAL', 'NOTEQUAL', 'MATCHES'] as const;

function parseRule(value: unknown, fail: Fail): PolicyRule {
  if (!isObject(value)) return fail('it is not an object');
  const action = oneOf(ACTIONS, value.action, 'action', fail);
  const { selector, updates } = value;
  if (!isObject(selector)) return fail('it has no "selector"');
  const identifier = text(selector.identifier, 'selector.identifier', fail);
  if (identifier === undefined || identifier === '') return fail('its selector has no "identifier"');
  const matchType = oneOf(MATCH_TYPES, selector.matchType ?? selector.match_type, 'selector.matchType', fail);
  if (matchType === 'REGEX') checkPattern(identifier, fail);
  const constraints = (selector.constraints ?? []) as unknown;
  if (!Array.isArray(constraints)) return fail('"selector.constraints" is not a list');
  if (updates !== undefined && updates !== null && !isObject(updates)) return fail('"updates" is not an object');
  if (action === 'CONVERT' && !isObject(updates)) return fail('a CONVERT rule needs "updates"');
  const changes = isObject(updates) ? updates : {};
  return {
    action,
    selector: { identifier, matchType, constraints: constraints.map((constraint) => parseConstraint(constraint, fail)) },
    updates: { identifier: text(changes.identifier, 'updates.identifier', fail) || undefined, attrs: parseAttributes(changes.attrs, fail) },
  };
}

function parseConstraint(value: unknown, fail: Fail): AttributeConstraint {
  if (!isObject(value)) return fail('a constraint is not an object');
  const key = text(value.key, 'constraints.key', fail) ?? '';
  const wanted = text(value.value, 'constraints.value', fail) ?? '';
  const condition = oneOf(CONDITIONS, value.condition, 'constraints.condition', fail);
  if (condition === 'MATCHES') checkPattern(wanted, fail);
  return { key, value: wanted, condition };
}

function parseAttributes(value: unknown, fail: Fail): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) return fail('"updates.attrs" is not an object');
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, text(item, `updates.attrs.${name}`, fail) ?? '']));
}

function oneOf<const T extends string>(words: readonly T[], value: unknown, name: string, fail: Fail): T {
  if (value === undefined || value === null) return words[0]!;
  const found = typeof value === 'number' ? words[value] : words.find((word) => word === value);
  return found ?? fail(`${JSON.stringify(name)} is none of ${words.join(', ')}`);
}

function text(value: unknown, name: string, fail: Fail): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : fail(`${JSON.stringify(name)} is not a string`);
}

function checkPattern(pattern: string, fail: Fail): void {
  try {
    policyPattern(pattern);
  } catch (error) {
    fail(`${JSON.stringify(pattern)} is no regular expression (${(error as Error).message})`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
