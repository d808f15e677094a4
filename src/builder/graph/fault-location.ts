import {
  type Containerfile,
  type ContainerfileSyntaxError,
  ExpansionError,
  Fault,
  type Instruction,
  syntaxErrorAt,
} from '../../parser/index.js';

/** A text with variables of one instruction is wrong, or its values are: the error points at the word, else at the instruction. */
export function locateFaults<T>(containerfile: Containerfile, instruction: Instruction, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Fault) && !(error instanceof ExpansionError)) throw error;
    const { range } = instruction;
    const problem = error instanceof Fault ? error.problem : error.message;
    const hint = error instanceof Fault ? error.hint : undefined;
    const offset = placeOf(error.word, containerfile, instruction);
    throw syntaxErrorAt(containerfile.source, offset, problem, { endLine: range.endLine, hint, cause: error });
  }
}

/** Says of a fault in `work` that it is about `word`, as written, unless something more exact is known. */
export function inWord<T>(word: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Fault) || error.word !== undefined || error.at !== undefined) throw error;
    throw new Fault(error.problem, undefined, error.hint, word);
  }
}

export function isSyntaxError(error: unknown): error is ContainerfileSyntaxError {
  return error instanceof Error && 'code' in error && error.code === 'CONTAINERFILE_SYNTAX';
}

/** Where `word` stands behind the keyword, also when line continuations cut it. */
function placeOf(word: string | undefined, { source, directives }: Containerfile, { range, keywordRange }: Instruction): number {
  if (word === undefined || word === '') return range.start;
  const text = source.text.slice(keywordRange.end, range.end);
  const at = text.indexOf(word);
  if (at !== -1) return keywordRange.end + at;
  const literal = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  const cut = `(?:${literal(directives.escape)}[ \\t]*\\r?\\n)*`;
  const found = new RegExp([...word].map(literal).join(cut)).exec(text);
  return found === null ? range.start : keywordRange.end + found.index;
}
