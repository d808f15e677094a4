export type { BaseFacts, LintFacts } from './facts.js';
export { type LintResult, lintContainerfile } from './lint.js';
export { type Finding, type Rule, ruleUrl } from './rule.js';
export { RULES } from './rules.js';
