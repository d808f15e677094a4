import { type Finding, ruleUrl } from '../lint/index.js';
import { type ContainerfileSyntaxError, formatExcerpt, formatSyntaxError, type Source, syntaxErrorAt } from '../parser/index.js';
import { printable } from './messages.js';

/** What a check of a Containerfile gave. */
export interface CheckedFile {
  readonly source: Source;
  readonly findings: readonly Finding[];
  readonly errors: readonly ContainerfileSyntaxError[];
}

export type CheckFormat = 'text' | 'json' | 'github';

/** The report for standard output; ends in a line feed. */
export function formatCheck(file: CheckedFile, format: CheckFormat): string {
  switch (format) {
    case 'text':
      return asText(file);
    case 'json':
      return `${JSON.stringify(checkObject(file), null, 2)}\n`;
    case 'github':
      return asAnnotations(file);
  }
}

function asText({ source, findings, errors }: CheckedFile): string {
  const parts = findings.map((finding) => {
    const { rule, message, line, column, offset } = finding;
    const url = ruleUrl(rule);
    const head = `WARNING: ${rule.name}${url === undefined ? '' : ` - ${url}`}`;
    return `${head}\n${message}\n${source.name}:${line}:${column}\n${formatExcerpt(syntaxErrorAt(source, offset, message))}\n`;
  });
  for (const error of errors) parts.push(`ERROR: ${formatSyntaxError(error)}\n`);
  return printable([summary(findings.length, errors.length), ...parts].join('\n'));
}

function summary(warnings: number, errors: number): string {
  if (warnings === 0 && errors === 0) return 'Check complete, no warnings found.\n';
  const counts = [
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? 'warning has' : 'warnings have'} been found`]),
    ...(errors === 0 ? [] : [`${errors} ${errors === 1 ? 'error has' : 'errors have'} been found`]),
  ];
  return `Check complete, ${counts.join(', ')}!\n`;
}

/** The fields of BuildKit's answer to `--call=check,format=json`. Characters count from 0, lines from 1. */
function checkObject({ source, findings, errors }: CheckedFile): object {
  const [error] = errors;
  return {
    warnings: findings.map(({ rule, message, range, line, column }) => ({
      ruleName: rule.name,
      description: rule.description,
      url: ruleUrl(rule),
      detail: message,
      location: {
        ranges: [{ start: { line: range.startLine }, end: { line: range.endLine } }],
        position: { line, character: column - 1 },
      },
    })),
    sources: [{ filename: source.name, language: 'Dockerfile', data: Buffer.from(source.text).toString('base64') }],
    ...(error !== undefined && { buildError: errorObject(error), errors: errors.map(errorObject) }),
  };
}

function errorObject({ problem, hint, line, column, endLine }: ContainerfileSyntaxError): object {
  const location = { ranges: [{ start: { line }, end: { line: endLine } }], position: { line, character: column - 1 } };
  return { message: problem, ...(hint !== undefined && { hint }), location };
}

/**
 * Workflow commands, which GitHub shows at the lines of a change.
 * @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
function asAnnotations({ source, findings, errors }: CheckedFile): string {
  const file = property(source.name);
  const lines = [
    ...findings.map(
      ({ rule, message, range, line, column }) =>
        `::warning file=${file},line=${line},endLine=${Math.max(line, range.endLine)},col=${column},title=${property(rule.name)}::${data(message)}`,
    ),
    ...errors.map(({ problem, hint, line, endLine, column }) => {
      const message = hint === undefined ? problem : `${problem}\n${hint}`;
      return `::error file=${file},line=${line},endLine=${endLine},col=${column}::${data(message)}`;
    }),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function data(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function property(text: string): string {
  return data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
