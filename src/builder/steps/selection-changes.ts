import type { FileChange, FileFacts } from '../../progress.js';
import type { SelectionEntry } from './step-key.js';

/**
 * What differs between two selections, sorted by path. Both are gone through side by side: of lists in much the same order only what
 * differs is kept in memory, however long they are.
 */
export function changesBetween(before: Iterable<SelectionEntry>, after: Iterable<SelectionEntry>): FileChange[] {
  const old = new Map<string, SelectionEntry>();
  const now = new Map<string, SelectionEntry>();
  const changes: FileChange[] = [];
  const compare = (was: SelectionEntry, is: SelectionEntry): void => {
    if (!isSame(was, is)) changes.push({ path: is.path, before: factsOf(was), after: factsOf(is) });
  };
  const [olds, nows] = [before[Symbol.iterator](), after[Symbol.iterator]()];
  for (;;) {
    const [was, is] = [olds.next(), nows.next()];
    if (was.done === true && is.done === true) break;
    if (was.done !== true && is.done !== true && was.value.path === is.value.path) {
      compare(was.value, is.value);
      continue;
    }
    if (was.done !== true) {
      const later = now.get(was.value.path);
      if (later === undefined) old.set(was.value.path, was.value);
      else compare(was.value, later);
      now.delete(was.value.path);
    }
    if (is.done !== true) {
      const earlier = old.get(is.value.path);
      if (earlier === undefined) now.set(is.value.path, is.value);
      else compare(earlier, is.value);
      old.delete(is.value.path);
    }
  }
  for (const [path, entry] of old) changes.push({ path, before: factsOf(entry), after: undefined });
  for (const [path, entry] of now) changes.push({ path, before: undefined, after: factsOf(entry) });
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function isSame(a: SelectionEntry, b: SelectionEntry): boolean {
  return a.mode === b.mode && a.size === b.size && a.content === b.content && a.owner === b.owner;
}

/** For people: half of the digits tell two contents apart. */
function factsOf({ mode, size, content, owner }: SelectionEntry): FileFacts {
  return { mode, size, content: /^[0-9a-f]{32}$/.test(content) ? content.slice(0, 16) : content, owner };
}
