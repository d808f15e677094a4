/** The first twelve digits of an ID, without the algorithm of a digest. */
export function shortId(id: string): string {
  const at = id.startsWith('sha256:') ? 7 : 0;
  return id.slice(at, at + 12);
}
