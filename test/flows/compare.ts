/** What of `theirs` and `ours` is not in the other, as `- line` and `+ line`, in their order. Lines that only stand elsewhere are not among them. */
export function differencesBetween(theirs: readonly string[], ours: readonly string[]): string[] {
  return [...without(theirs, ours).map((line) => `- ${line}`), ...without(ours, theirs).map((line) => `+ ${line}`)];
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at === -1) return true;
    left.splice(at, 1);
    return false;
  });
}
