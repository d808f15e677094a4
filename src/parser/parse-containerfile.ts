import type { Directives } from './directives.js';
import { Fault } from './fragment.js';
import type { Instruction } from './instruction.js';
import { parseInstruction } from './parse-instruction.js';
import { type ScannedInstruction, scanSource, sourceOffset, splitKeyword } from './scan.js';
import { lineStarts, positionAt, type Source, type SourceRange } from './source.js';
import { type ContainerfileSyntaxError, combineSyntaxErrors, syntaxErrorAt } from './syntax-error.js';
import { compareWithScan, readSyntaxTree, type SyntaxNode } from './syntax-tree.js';

/** A Containerfile read whole. Nothing is expanded and no stage is resolved. */
export interface Containerfile {
  readonly source: Source;
  readonly directives: Directives;
  /** In file order. At least one FROM; only ARG comes before the first. */
  readonly instructions: readonly Instruction[];
  /** Lines inside an instruction that are blank though the line before is continued, from 1. */
  readonly emptyContinuations: readonly number[];
}

/** What could be read of a Containerfile, and what is wrong with the rest. */
export interface InspectedContainerfile {
  /** Without the instructions that have mistakes. With any mistake, nothing is promised of what comes first. */
  readonly containerfile: Containerfile;
  /** In file order. */
  readonly errors: readonly ContainerfileSyntaxError[];
}

/**
 * Reads a Containerfile.
 * @throws {ContainerfileSyntaxError} with every independent mistake in `errors`
 */
export function parseContainerfile(source: Source): Containerfile {
  const { containerfile, errors } = inspectContainerfile(source);
  if (errors.length > 0) throw combineSyntaxErrors(errors);
  return containerfile;
}

/** As {@link parseContainerfile} for who wants to see what there is in spite of mistakes. */
export function inspectContainerfile(source: Source): InspectedContainerfile {
  const { directives, scanned, instructions, errors } = readInstructions(source);
  if (errors.length === 0) {
    const missing = findMissingStage(source, instructions);
    if (missing !== undefined) errors.push(missing);
  }
  const emptyContinuations = scanned.flatMap((one) => one.emptyContinuations);
  return { containerfile: { source, directives, instructions, emptyContinuations }, errors };
}

/**
 * Reads one ONBUILD trigger as an image stores it.
 *
 * @param name how messages call the text, say `ONBUILD of IMAGE`
 * @throws {ContainerfileSyntaxError} it is not exactly one instruction, or one that may not be a trigger
 */
export function parseTrigger(text: string, name: string): Instruction {
  const source = { name, text };
  const { instructions, errors } = readInstructions(source);
  const [instruction, more] = instructions;
  if (errors.length === 0) {
    if (instruction === undefined || more !== undefined)
      errors.push(syntaxErrorAt(source, 0, 'onbuild trigger should be a single expression'));
    else if (['FROM', 'MAINTAINER', 'ONBUILD'].includes(instruction.keyword)) {
      errors.push(syntaxErrorAt(source, 0, `${instruction.keyword} isn't allowed as an ONBUILD trigger`));
    } else return instruction;
  }
  throw combineSyntaxErrors(errors);
}

interface ReadResult {
  readonly directives: Directives;
  readonly scanned: readonly ScannedInstruction[];
  readonly instructions: readonly Instruction[];
  readonly errors: ContainerfileSyntaxError[];
}

function readInstructions(source: Source): ReadResult {
  const { directives, instructions: scanned, masked, errors: scanErrors } = scanSource(source);
  const errors = [...scanErrors];
  const places = new KeywordPlaces(source, scanned, masked);
  const instructions: Instruction[] = [];
  for (const [index, one] of scanned.entries()) {
    const keywordRange = places.at(index, one);
    const { heredocs, heredocWords, range, comments } = one;
    try {
      const line = { text: one.line, at: 0 };
      instructions.push(parseInstruction({ line, heredocs, heredocWords, range, comments, keywordRange, escape: directives.escape }));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const offset = sourceOffset(one, error.at ?? 0);
      errors.push(syntaxErrorAt(source, offset, error.problem, { endLine: range.endLine, hint: error.hint }));
    }
  }
  return { directives, scanned, instructions, errors };
}

/** Where keywords stand. Only one that goes on in another line is looked up in the syntax tree, which takes longer than all the rest. */
class KeywordPlaces {
  private nodes: readonly SyntaxNode[] | undefined;

  constructor(
    private readonly source: Source,
    private readonly scanned: readonly ScannedInstruction[],
    private readonly masked: () => string,
  ) {}

  at(index: number, instruction: ScannedInstruction): SourceRange {
    const { start, startLine } = instruction.range;
    const { length } = splitKeyword(instruction.line).keyword;
    const end = sourceOffset(instruction, Math.max(0, length - 1)) + 1;
    if (end === start + length) return { startLine, endLine: startLine, start, end };
    const node = this.tree()[index];
    return node?.keywordRange ?? { startLine, endLine: positionAt(lineStarts(this.source.text), end).line, start, end };
  }

  /** Empty where it differs from what was scanned. */
  private tree(): readonly SyntaxNode[] {
    if (this.nodes === undefined) {
      const nodes = readSyntaxTree(this.masked());
      this.nodes = compareWithScan(nodes, this.scanned) === undefined ? nodes : [];
    }
    return this.nodes;
  }
}

function findMissingStage(source: Source, instructions: readonly Instruction[]): ContainerfileSyntaxError | undefined {
  const [first] = instructions;
  if (first === undefined) {
    const empty = source.text.trim() === '';
    return syntaxErrorAt(source, 0, empty ? 'the Dockerfile cannot be empty' : 'file with no instructions', {
      hint: 'A Containerfile begins with FROM, for example: FROM scratch',
    });
  }
  const begin = instructions.find((instruction) => instruction.keyword !== 'ARG');
  if (begin === undefined) return syntaxErrorAt(source, first.range.start, 'dockerfile contains no stages to build');
  if (begin.keyword === 'FROM') return undefined;
  return syntaxErrorAt(source, begin.range.start, 'no build stage in current context', {
    endLine: begin.range.endLine,
    hint: `Only ARG may come before the first FROM; this is ${begin.keyword}`,
  });
}
