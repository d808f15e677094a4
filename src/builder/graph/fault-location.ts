import { type Containerfile, ExpansionError, Fault, type Instruction, syntaxErrorAt } from '../../parser/index.js';

/** A text with variables of one instruction is wrong, or its values are: the error points at the instruction. */
export function locateFaults<T>(containerfile: Containerfile, instruction: Instruction, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Fault) && !(error instanceof ExpansionError)) throw error;
    const { range } = instruction;
    const problem = error instanceof Fault ? error.problem : error.message;
    const hint = error instanceof Fault ? error.hint : undefined;
    throw syntaxErrorAt(containerfile.source, range.start, problem, { endLine: range.endLine, hint, cause: error });
  }
}
