/**
 * Why two readers could take a JSON text for different things, or undefined: a key that an object has twice, or more than `maxDepth` levels.
 *
 * @param text valid JSON: only its strings and brackets are looked at
 */
export function jsonProblem(text: string, maxDepth: number): string | undefined {
  // One entry per open bracket: the keys seen so far in an object, undefined in an array.
  const open: (Set<string> | undefined)[] = [];
  let expectKey = false;
  for (let index = 0; index < text.length; index++) {
    switch (text[index]) {
      case '{':
        open.push(new Set());
        expectKey = true;
        break;
      case '[':
        open.push(undefined);
        expectKey = false;
        break;
      case '}':
      case ']':
        open.pop();
        expectKey = false;
        break;
      case ',':
        expectKey = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(text, index);
        if (expectKey) {
          const key = keyOf(text.slice(index, end + 1));
          if (open.at(-1)?.has(key)) return `the key ${JSON.stringify(key.slice(0, 100))} occurs twice in one object`;
          open.at(-1)?.add(key);
        }
        expectKey = false;
        index = end;
        break;
      }
      default:
        break;
    }
    if (open.length > maxDepth) return `it is nested more than ${maxDepth} levels deep`;
  }
  return undefined;
}

function keyOf(literal: string): string {
  return literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}

/** Most of a document is in its strings, so they are not gone through in JavaScript. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, index: number): boolean {
  let first = index;
  while (text[first - 1] === '\\') first--;
  return (index - first) % 2 === 1;
}
