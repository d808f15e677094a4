/** Lower case as Go's encoding/json folds: U+017F (long s) and U+212A (Kelvin) count as s and k. */
export function foldCase(key: string): string {
  return key.replaceAll('\u017f', 's').replaceAll('\u212a', 'k').toLowerCase();
}

/**
 * A key of `value` that Go's JSON reader takes for one of `names` although it is written otherwise, or undefined: a document with
 * such a member means one thing to that reader and another to us.
 */
export function findCaseTwin(value: object, names: readonly string[]): { readonly key: string; readonly name: string } | undefined {
  for (const key of Object.keys(value)) {
    if (names.includes(key)) continue;
    const folded = foldCase(key);
    const name = names.find((known) => known.toLowerCase() === folded);
    if (name !== undefined) return { key, name };
  }
  return undefined;
}
