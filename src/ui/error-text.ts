import { hasCode, TsbuildError } from '../errors.js';
import { printable } from './messages.js';
import { explainSystemError } from './system-errors.js';

/**
 * An error for a person: `Error: ` and a paragraph, for a Containerfile its lines with a caret, and what can be done. Ends in a line feed.
 *
 * @param trace also the stack and every cause, for `--log-level debug` and `trace`
 */
export async function formatError(error: unknown, trace: boolean): Promise<string> {
  const text = await describe(error);
  const stack = trace && error instanceof Error ? `\n${formatCauses(error)}` : '';
  return `Error: ${printable(text)}${printable(stack)}\n`;
}

async function describe(error: unknown): Promise<string> {
  // The parser is loaded only when it has something to say; `code` decides, because the class may come from another bundle.
  if (hasCode(error, 'CONTAINERFILE_SYNTAX')) {
    const { ContainerfileSyntaxError, formatSyntaxError } = await import('../parser/index.js');
    if (error instanceof ContainerfileSyntaxError) return formatSyntaxError(error);
  }
  if (error instanceof TsbuildError) return [error.message, ...rootCause(error), ...hintOf(error)].join('\n');
  if (error instanceof AggregateError) return (await Promise.all(error.errors.map(describe))).join('\nError: ');
  if (error instanceof Error)
    return (
      explainSystemError(error) ??
      `${error.message || error.name} (internal error: please report it; --log-level debug shows where it happened)`
    );
  return String(error);
}

/** A system error below one of ours is worth a clause of its own, unless the message already has it. */
function rootCause(error: TsbuildError): readonly string[] {
  // A full disk with advice of its own says where and how much; the system's clause would only repeat it.
  if (error.code === 'STORE_FULL' && error.hint !== undefined) return [];
  let cause: unknown = error.cause;
  while (cause instanceof TsbuildError && cause.cause !== undefined) cause = cause.cause;
  if (!(cause instanceof Error) || cause instanceof TsbuildError) return [];
  const text = explainSystemError(cause);
  return text === undefined || error.message.includes(text) ? [] : [`Cause: ${text}`];
}

function hintOf(error: TsbuildError): readonly string[] {
  return error.hint === undefined ? [] : [error.hint];
}

function formatCauses(error: Error): string {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\nCaused by: ${formatCauses(error.cause)}` : stack;
}
