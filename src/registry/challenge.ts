/** One way a server offers to be told who asks. */
export interface Challenge {
  /** Lower case: `basic`, `bearer`. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"; // RFC 9110, section 5.6.2
const PARAMETER = new RegExp(`^(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]+))`);
const SCHEME = new RegExp(`^(${TOKEN})(?=\\s|,|$)`);

/**
 * Read `WWW-Authenticate` values, several challenges in one value included. What cannot be understood ends the reading of that value:
 * a challenge nobody understands is one nobody answers.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.www-authenticate
 */
export function parseChallenges(values: readonly string[]): readonly Challenge[] {
  return values.flatMap((value) => [...challengesIn(value)]);
}

function* challengesIn(value: string): Generator<Challenge> {
  let rest = value.trimStart();
  let scheme: string | undefined;
  let parameters = new Map<string, string>();
  while (rest !== '') {
    const parameter = scheme === undefined ? null : PARAMETER.exec(rest);
    if (parameter !== null) {
      const [matched, name = '', quoted, plain = ''] = parameter;
      parameters.set(name.toLowerCase(), quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1'));
      rest = rest.slice(matched.length);
    } else {
      const found = SCHEME.exec(rest)?.[1];
      if (found === undefined) break;
      if (scheme !== undefined) yield { scheme, parameters };
      scheme = found.toLowerCase();
      parameters = new Map();
      rest = rest.slice(found.length);
    }
    rest = rest.replace(/^[\s,]+/, '');
  }
  if (scheme !== undefined) yield { scheme, parameters };
}
