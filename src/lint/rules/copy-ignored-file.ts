import { posix } from 'node:path';
import type { Rule } from '../rule.js';

export const copyIgnoredFile: Rule = {
  name: 'CopyIgnoredFile',
  description: 'COPY and ADD take nothing that the ignore file excludes',
  page: 'copy-ignored-file',
  *check(file) {
    const { ignores } = file.facts;
    if (ignores === undefined) return;
    for (const { instruction, expand } of file.stages.flatMap((stage) => file.walk(stage).instructions)) {
      const { keyword } = instruction;
      if ((keyword !== 'COPY' || instruction.from !== undefined) && keyword !== 'ADD') continue;
      for (const source of instruction.sources) {
        if (source.kind !== 'path') continue;
        const path = cleaned(expand(source.path));
        if (REMOTE.test(path) || path === '' || !ignores(path)) continue;
        const verb = keyword === 'ADD' ? 'Add' : 'Copy';
        const message = `Attempting to ${verb} file ${JSON.stringify(path)} that is excluded by .dockerignore`;
        yield { message, instruction, word: source.path };
      }
    }
  },
};

const REMOTE = /^(?:https?|git|ssh):\/|^git@/;

/** The path from the root of the context. */
function cleaned(path: string): string {
  if (REMOTE.test(path)) return path;
  const absolute = posix.normalize(`/${path}`);
  return absolute.slice(1).replace(/\/$/, '');
}
