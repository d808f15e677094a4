import { maskedPaths } from './kernel-paths.js';
import type { SandboxPlan } from './plan.js';

/** What of /proc and /sys a command finds empty. */
export function shownMasks({ mask = [], unmask = [] }: Pick<SandboxPlan, 'mask' | 'unmask'>): string[] {
  const patterns = unmask.map((pattern) => (pattern === 'all' ? undefined : globPattern(pattern)));
  const isShown = (path: string): boolean => patterns.some((pattern) => pattern === undefined || pattern.test(path));
  // What is asked to be masked is, whatever is unmasked.
  return [...maskedPaths().filter((path) => !isShown(path)), ...mask];
}

/** As path/filepath.Match of Go: `*`, `?` and `[...]` within a name. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/\[[^\]]*\]|[\s\S]/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.length > 1 ? part.replaceAll('\\', '\\\\') : part.replace(/[.+^${}()|[\]\\]/, '\\$&');
  });
  return new RegExp(`^${source}/?$`);
}
