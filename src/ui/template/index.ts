import { TemplateError } from './errors.js';
import { evaluate, type TemplateOptions } from './evaluate.js';
import { splitTemplate } from './lexer.js';
import { parseTemplate } from './parser.js';

export { TemplateError } from './errors.js';
export type { TemplateOptions } from './evaluate.js';

/**
 * A Go template, as `--format` takes it, applied to `data`: plain objects, arrays, texts, numbers, booleans and dates.
 *
 * @throws {TemplateError} the template has a mistake, or asks `data` for what it cannot have
 * @see https://pkg.go.dev/text/template
 */
export function executeTemplate(template: string, data: unknown, options: TemplateOptions = {}): string {
  const fail = (problem: string): never => {
    throw new TemplateError(template, problem);
  };
  return evaluate(parseTemplate(splitTemplate(template, fail), fail), data, options, fail);
}
