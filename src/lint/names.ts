import { type Escape, ExpansionError, expandWord } from '../parser/index.js';

/** Variables of the texts that are not set and have no alternative where they stand, each once. */
export function unsetNames(texts: readonly string[], values: ReadonlyMap<string, string>, escapeCharacter: Escape): ReadonlySet<string> {
  const unset = new Set<string>();
  for (const text of texts) {
    try {
      expandWord(text, { lookup: (name) => values.get(name), escape: escapeCharacter, onUnset: (name) => unset.add(name) });
    } catch (error) {
      if (!(error instanceof ExpansionError)) throw error;
    }
  }
  return unset;
}

/** What a text becomes, and the variables it took for that, set or not; `undefined` when it cannot be expanded. */
export function expansion(
  text: string,
  values: ReadonlyMap<string, string>,
  escapeCharacter: Escape,
): { readonly text: string; readonly names: ReadonlySet<string> } | undefined {
  const names = new Set<string>();
  const lookup = (name: string): string | undefined => {
    names.add(name);
    return values.get(name);
  };
  try {
    return { text: expandWord(text, { lookup, escape: escapeCharacter }), names };
  } catch (error) {
    if (error instanceof ExpansionError) return undefined;
    throw error;
  }
}
