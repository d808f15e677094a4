import { type Containerfile, type ContainerfileSyntaxError, lineStarts, positionAt, syntaxErrorAt } from '../parser/index.js';
import { type CheckOptions, CheckOptionsFault, isEnabled, parseCheckOptions, withComments } from './check-options.js';
import type { LintFacts } from './facts.js';
import { lintedFile } from './linted-file.js';
import type { Finding, Rule, Violation } from './rule.js';
import { RULES } from './rules.js';

export interface LintResult {
  /** By line. */
  readonly findings: readonly Finding[];
  /** The file, `BUILDKIT_DOCKERFILE_CHECK`, or a comment above an instruction with a finding asks that it fails the build. */
  readonly failsBuild: boolean;
}

/**
 * Looks at a Containerfile with every rule that is not silenced.
 *
 * @param errors what is wrong with the file: then only rules that look at single instructions are asked
 * @throws {ContainerfileSyntaxError} a `# check=` that cannot be read
 */
export function lintContainerfile(
  containerfile: Containerfile,
  facts: LintFacts,
  errors: readonly ContainerfileSyntaxError[] = [],
): LintResult {
  const options = fileOptions(containerfile, facts);
  const file = lintedFile(containerfile, facts);
  const starts = lineStarts(containerfile.source.text);
  const findings: Finding[] = [];
  let failsBuild = false;
  for (const rule of RULES) {
    if (errors.length > 0 && rule.tolerant !== true) continue;
    for (const violation of rule.check(file)) {
      const { instruction } = violation;
      const own = instruction === undefined ? options : withComments(options, instruction.comments);
      if (!isEnabled(rule, own)) continue;
      findings.push(findingOf(rule, violation, containerfile, starts));
      failsBuild ||= own.error;
    }
  }
  findings.sort((a, b) => a.line - b.line || a.column - b.column || (a.rule.name < b.rule.name ? -1 : 1));
  return { findings, failsBuild };
}

function fileOptions({ directives, source }: Containerfile, { buildArgs }: LintFacts): CheckOptions {
  const given = buildArgs.get('BUILDKIT_DOCKERFILE_CHECK');
  try {
    return parseCheckOptions(given ?? directives.check ?? '');
  } catch (error) {
    if (!(error instanceof CheckOptionsFault)) throw error;
    const offset = given === undefined ? Math.max(0, source.text.search(/^[^\S\n]*#\s*check\s*=/im)) : 0;
    const hint = 'It is made of skip=RULE,..., error=true and experimental=RULE,... with ; between them';
    throw syntaxErrorAt(source, offset, `failed to parse check options: ${error.message}`, { hint, cause: error });
  }
}

function placeOf({ word, variable }: Violation, text: string): number {
  if (variable !== undefined) {
    const uses = [text.indexOf(`$${variable}`), text.indexOf(`\${${variable}`)].filter((at) => at !== -1);
    return uses.length === 0 ? -1 : Math.min(...uses);
  }
  const at = word === undefined || word === '' ? -1 : text.indexOf(word);
  return at === -1 ? -1 : at + (word ?? '').search(/\S/);
}

function findingOf(rule: Rule, violation: Violation, { source }: Containerfile, starts: readonly number[]): Finding {
  const { message, instruction } = violation;
  const range = violation.range ?? instruction?.range ?? { startLine: 1, endLine: 1, start: 0, end: 0 };
  const from = instruction?.keywordRange.end ?? range.start;
  const at = placeOf(violation, source.text.slice(from, range.end));
  const offset = at === -1 ? range.start : from + at;
  return { rule, message, range, offset, ...positionAt(starts, offset) };
}
