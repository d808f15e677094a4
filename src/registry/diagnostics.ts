import * as v from 'valibot';
import type { Diagnostic } from './registry-error.js';

const MAX_TEXT_LENGTH = 300;
const MAX_ENTRIES = 5;

// Registries answer `errors: [...]`; token servers `details`, `error` or `message`.
const errorDocument = v.object({
  errors: v.optional(v.array(v.object({ code: v.optional(v.unknown()), message: v.optional(v.unknown()) }))),
  details: v.optional(v.unknown()),
  error_description: v.optional(v.unknown()),
  error: v.optional(v.unknown()),
  message: v.optional(v.unknown()),
});

/** What an error body says, made fit for a terminal: no control characters, no more than some hundred characters. */
export function parseDiagnostics(body: string): readonly Diagnostic[] {
  const document = v.safeParse(errorDocument, parseJson(body));
  if (!document.success) return [];
  const { errors, details, error_description, error, message } = document.output;
  const entries = errors?.map((entry) => ({ code: printable(entry.code), message: printable(entry.message) })) ?? [];
  if (entries.length > 0) return entries.slice(0, MAX_ENTRIES);
  const text = [details, error_description, message, error].map(printable).find((found) => found !== '');
  return text === undefined ? [] : [{ code: '', message: text }];
}

/** `404 MANIFEST_UNKNOWN: manifest unknown`. */
export function formatStatus(status: number, diagnostics: readonly Diagnostic[]): string {
  const texts = diagnostics.map(({ code, message }) => [code, message].filter((part) => part !== '').join(': '));
  return [String(status), texts.join('; ')].filter((part) => part !== '').join(' ');
}

/** `text` from outside, on one line, cut, without characters that could steer a terminal. */
export function printable(text: unknown): string {
  if (typeof text !== 'string') return '';
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, MAX_TEXT_LENGTH);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Proxies answer with HTML; the status alone has to do.
    return undefined;
  }
}
