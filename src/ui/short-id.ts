/** The first twelve digits of an ID, without the algorithm of a digest. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
