import { parseDirective } from '../parser/index.js';

/** What `# check=` says: which rules are silent, and whether a finding fails the build. */
export interface CheckOptions {
  readonly skip: ReadonlySet<string> | 'all';
  readonly experimental: ReadonlySet<string> | 'all';
  readonly error: boolean;
}

const NOTHING: CheckOptions = { skip: new Set(), experimental: new Set(), error: false };

/** Options that cannot be read: an unknown key, a part without `=`, or no truth value. */
export class CheckOptionsFault extends Error {}

/**
 * Reads `skip=A,B;error=true;experimental=C`, parts in any order; `all` stands for every rule.
 * @throws {CheckOptionsFault}
 */
export function parseCheckOptions(text: string): CheckOptions {
  if (text.trim() === '') return NOTHING;
  let options = NOTHING;
  const parts = text.split(';');
  if (parts.length > 3) throw new CheckOptionsFault(`invalid check option ${JSON.stringify(parts.slice(2).join(';'))}`);
  for (const part of parts) {
    const equals = part.indexOf('=');
    const key = (equals === -1 ? part : part.slice(0, equals)).trim();
    if (equals === -1) throw new CheckOptionsFault(`invalid check option ${JSON.stringify(part)}`);
    const value = part.slice(equals + 1).trim();
    if (key === 'skip') options = { ...options, skip: parseRules(value) };
    else if (key === 'experimental') options = { ...options, experimental: parseRules(value) };
    else if (key === 'error') options = { ...options, error: parseTruth(value, part) };
    else throw new CheckOptionsFault(`invalid check option ${JSON.stringify(key)}`);
  }
  return options;
}

/** The options with those of a `# check=` among the comments above an instruction; one that cannot be read changes nothing. */
export function withComments(options: CheckOptions, comments: readonly string[]): CheckOptions {
  for (const comment of comments) {
    const directive = parseDirective(`#${comment}`);
    if (directive?.name !== 'check') continue;
    try {
      const own = parseCheckOptions(directive.value);
      return {
        skip: merged(options.skip, own.skip),
        experimental: merged(options.experimental, own.experimental),
        error: options.error || own.error,
      };
    } catch (error) {
      if (error instanceof CheckOptionsFault) return options;
      throw error;
    }
  }
  return options;
}

/** Experimental rules speak when asked to, whatever is skipped; the others unless they are skipped. */
export function isEnabled(rule: { readonly name: string; readonly experimental?: boolean }, options: CheckOptions): boolean {
  return rule.experimental === true ? holds(options.experimental, rule.name) : !holds(options.skip, rule.name);
}

function holds(names: CheckOptions['skip'], name: string): boolean {
  return names === 'all' || names.has(name);
}

function merged(a: CheckOptions['skip'], b: CheckOptions['skip']): CheckOptions['skip'] {
  return a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]);
}

function parseRules(text: string): ReadonlySet<string> | 'all' {
  return text === 'all' ? 'all' : new Set(text.split(',').map((name) => name.trim()));
}

function parseTruth(text: string, part: string): boolean {
  // strconv.ParseBool's words.
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw new CheckOptionsFault(`failed to parse check option ${JSON.stringify(part)}: it must be true or false`);
}
