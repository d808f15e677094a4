import {
  applyRules,
  type IgnoreRules,
  isExcluded,
  mayIncludeBelow,
  parseIgnoreFile,
  rootState,
} from '../../../src/context/ignore-rules.js';
import { demand, type FuzzTarget } from '../target.js';

const SEPARATOR = 0x1e;

/** An ignore file, a byte 1e, and a path. */
export const ignoreFile: FuzzTarget = {
  name: 'ignore-file',
  words: ['**', '**/', '/**', '*', '?', '[a-z]', '[^a]', '[', '\\', '!', '#', '\n', '\x1e', '../', './', '//', 'dir/', '.md'],
  run(input) {
    const at = input.indexOf(SEPARATOR);
    const text = at < 0 ? input : input.subarray(0, at);
    const path = pathOf(at < 0 ? input : input.subarray(at + 1));
    const rules = parseIgnoreFile(text, '.dockerignore');
    const kept = excludes(rules, path);
    const lost = excludes({ ...rules, belowExcluded: 'lost' }, path);
    demand(!kept || lost, 'what Docker leaves out Buildah takes');
    // Without a "!" the two readings are one.
    if (!rules.rules.some(({ negated }) => negated)) demand(kept === lost, 'rules without exceptions are read in two ways');
    return `${rules.rules.length} ${kept} ${lost}`;
  },
};

function pathOf(bytes: Buffer): Buffer[] {
  const parts = bytes
    .toString('latin1')
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'))
    .slice(0, 6);
  return parts.map((_, index) => Buffer.from(parts.slice(0, index + 1).join('/'), 'latin1'));
}

/** Walks down to the path as the context does, and holds `mayIncludeBelow` to what is found below. */
function excludes(rules: IgnoreRules, path: readonly Buffer[]): boolean {
  let state = rootState(rules);
  let closed = false;
  for (const prefix of path) {
    if (state.excluded && !mayIncludeBelow(rules, path[path.indexOf(prefix) - 1] ?? Buffer.alloc(0), state)) closed = true;
    state = applyRules(rules, prefix, state);
    demand(!closed || state.excluded, `a directory that need not be walked holds ${prefix.toString('latin1')}`);
  }
  const whole = path.at(-1)?.toString('utf8');
  if (whole !== undefined && Buffer.from(whole).equals(path.at(-1) as Buffer)) {
    demand(isExcluded(rules, whole) === state.excluded, 'isExcluded() and the walk differ');
  }
  return state.excluded;
}
