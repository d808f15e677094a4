/**
 * The one encoding of JSON that tsbuild writes into images: no white space, keys in the order the value has them, UTF-8.
 * Functions that make manifests and configs give their values a fixed order of keys, so equal content has equal bytes.
 */
export function encodeJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

const encoder = new TextEncoder();

/** A copy of `record` with its keys sorted by code unit; for maps whose order carries no meaning (labels, annotations). */
export function sortKeys<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  const names = Object.keys(record).sort();
  return Object.fromEntries(names.map((name) => [name, record[name] as T]));
}
