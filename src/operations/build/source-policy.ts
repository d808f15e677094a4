import { TsbuildError } from '../../errors.js';

/** What a build reads from elsewhere, as policies name it: `docker-image://docker.io/library/debian:12`, `https://...`, `git://...`. */
export interface PolicySource {
  readonly identifier: string;
  /** `http.checksum` and the like. */
  readonly attrs: Readonly<Record<string, string>>;
}

/** BuildKit's source policy. @see https://github.com/moby/buildkit/blob/v0.20.0/sourcepolicy/pb/policy.proto */
export interface SourcePolicy {
  /** The file, for messages. */
  readonly origin: string;
  readonly rules: readonly PolicyRule[];
}

export interface PolicyRule {
  readonly action: 'ALLOW' | 'DENY' | 'CONVERT';
  readonly selector: PolicySelector;
  readonly updates: { readonly identifier: string | undefined; readonly attrs: Readonly<Record<string, string>> };
}

export interface PolicySelector {
  readonly identifier: string;
  readonly matchType: 'WILDCARD' | 'EXACT' | 'REGEX';
  readonly constraints: readonly AttributeConstraint[];
}

export interface AttributeConstraint {
  readonly key: string;
  readonly value: string;
  readonly condition: 'EQUAL' | 'NOTEQUAL' | 'MATCHES';
}

/** The source policy forbids what a build needs. */
export class SourceDeniedError extends TsbuildError {
  readonly code = 'SOURCE_DENIED';
  constructor(
    readonly identifier: string,
    readonly rule: string,
  ) {
    super(`source ${JSON.stringify(identifier)} denied by policy: ${rule}`, {
      hint: 'Use a source that the policy allows, or change the policy; its last rule that matches decides',
    });
  }
}

/** Rules change a source again and again. */
export class SourcePolicyLoopError extends TsbuildError {
  readonly code = 'SOURCE_DENIED';
  constructor(readonly identifier: string) {
    super(`Cannot apply the source policy to ${JSON.stringify(identifier)}: its CONVERT rules change it without end`);
  }
}

// BuildKit's limit.
const MAX_CONVERSIONS = 20;

/**
 * The source a build uses in place of `source`. The first CONVERT rule that changes it begins the policy anew; of ALLOW and DENY rules the
 * last that matches decides, and without one the source is allowed.
 *
 * @throws {SourceDeniedError} @throws {SourcePolicyLoopError}
 */
export function applySourcePolicy(policy: SourcePolicy, source: PolicySource): PolicySource {
  let current = source;
  for (let round = 0; round <= MAX_CONVERSIONS; round++) {
    const next = applyOnce(policy, current);
    if (next === undefined) return current;
    current = next;
  }
  throw new SourcePolicyLoopError(source.identifier);
}

/** The changed source; undefined when it is allowed as it is. */
function applyOnce(policy: SourcePolicy, source: PolicySource): PolicySource | undefined {
  let denial: number | undefined;
  for (const [position, rule] of policy.rules.entries()) {
    const match = matchSelector(rule.selector, source);
    if (match === undefined) continue;
    if (rule.action === 'ALLOW') denial = undefined;
    else if (rule.action === 'DENY') denial = position;
    else {
      const changed = convert(rule, source, match);
      if (changed !== undefined) return changed;
    }
  }
  if (denial !== undefined) throw new SourceDeniedError(source.identifier, describeRule(policy, denial));
  return undefined;
}

/** What the parts of a pattern stand for: the whole first. */
type Match = readonly (string | undefined)[];

function matchSelector({ identifier, matchType, constraints }: PolicySelector, source: PolicySource): Match | undefined {
  if (!constraints.every((constraint) => holds(constraint, source.attrs))) return undefined;
  if (identifier === source.identifier) return [identifier];
  switch (matchType) {
    case 'EXACT':
      return undefined;
    case 'WILDCARD':
      return wildcardPattern(identifier).exec(source.identifier) ?? undefined;
    case 'REGEX':
      return policyPattern(identifier).exec(source.identifier) ?? undefined;
  }
}

function holds({ key, value, condition }: AttributeConstraint, attrs: Readonly<Record<string, string>>): boolean {
  const actual = attrs[key] ?? '';
  switch (condition) {
    case 'EQUAL':
      return actual === value;
    case 'NOTEQUAL':
      return actual !== value;
    case 'MATCHES':
      return policyPattern(value).test(actual);
  }
}

function convert({ selector, updates }: PolicyRule, source: PolicySource, match: Match): PolicySource | undefined {
  const identifier = updates.identifier === undefined ? source.identifier : expand(selector, updates.identifier, source.identifier, match);
  const isChanged = identifier !== source.identifier || Object.entries(updates.attrs).some(([name, value]) => source.attrs[name] !== value);
  return isChanged ? { identifier, attrs: { ...source.attrs, ...updates.attrs } } : undefined;
}

/** `${1}` is what the first `*` or group stands for; with REGEX only what was matched is replaced. */
function expand({ matchType, identifier }: PolicySelector, format: string, text: string, match: Match): string {
  if (matchType === 'EXACT') return format;
  const filled = format.replace(/\$\{(\d+)\}|\$(\d+)/g, (_, braced?: string, bare?: string) => match[Number(braced ?? bare)] ?? '');
  return matchType === 'REGEX' && identifier !== text ? text.replace(policyPattern(identifier), () => filled) : filled;
}

function wildcardPattern(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('(.*)')}$`, 's');
}

/**
 * A pattern in Go's syntax, as far as JavaScript's is the same but for the spelling of flags and names.
 *
 * @throws {SyntaxError}
 */
export function policyPattern(text: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(text);
  return new RegExp(text.slice(flags?.[0].length ?? 0).replaceAll('(?P<', '(?<'), flags?.[1] ?? '');
}

function describeRule({ origin, rules }: SourcePolicy, position: number): string {
  const { action, selector } = rules[position]!;
  return `rule ${position + 1} of ${origin}: ${action} ${selector.matchType} ${JSON.stringify(selector.identifier)}`;
}

/** As BuildKit names git repositories: `git://host/path#ref`, however they are fetched. */
export function gitIdentifier(url: string): string {
  const scp = /^(?:[^@/]+@)?([^:/]+):(?!\/\/)(.*)$/.exec(url);
  if (scp !== null) return `git://${scp[1]}/${scp[2]}`;
  return url.replace(/^[a-z+]+:\/\/(?:[^@/]*@)?/, 'git://');
}
