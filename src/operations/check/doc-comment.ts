/** What the comment lines right above an ARG or FROM say of `name`: the rest of the line that begins with it. */
export function describedBy(comments: readonly string[], name: string): string | undefined {
  if (name === '') return undefined;
  const line = comments.findLast((comment) => comment.toLowerCase().startsWith(`${name.toLowerCase()} `));
  return line?.slice(name.length + 1).trim();
}
