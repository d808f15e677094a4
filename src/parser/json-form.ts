import { Fault, type Fragment } from './fragment.js';

/**
 * The strings of an argument in JSON form, or `undefined` when it is not in that form: not an array, or no JSON at all, which makes it
 * plain text.
 * @throws {Fault} a JSON array that holds anything but strings
 */
export function parseJsonForm(args: Fragment): readonly string[] | undefined {
  const values = jsonArray(args.text);
  if (values === undefined) return undefined;
  if (values.every((value) => typeof value === 'string')) return values;
  throw new Fault('when using JSON array syntax, arrays must be comprised of strings only', args.at);
}

/** True when the text is a JSON array, of whatever. */
export function isJsonArray(text: string): boolean {
  return jsonArray(text) !== undefined;
}

function jsonArray(text: string): readonly unknown[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    // Not JSON: `[ -f x ] && y` is a shell command.
    return undefined;
  }
}
