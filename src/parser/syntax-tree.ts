import { DockerfileParser } from 'dockerfile-ast';
import { type ScannedInstruction, splitKeyword } from './scan.js';
import { lineStarts, type SourceRange } from './source.js';

/** An instruction as dockerfile-ast sees it. */
export interface SyntaxNode {
  /** Upper case. */
  readonly keyword: string;
  readonly keywordRange: SourceRange;
}

/**
 * Where the instructions are, by dockerfile-ast. It is an editor's parser: tolerant, and wrong about heredocs, escapes and JSON, so it is
 * given the masked text (same offsets, nothing to trip over) and asked for places only.
 */
export function readSyntaxTree(masked: string): SyntaxNode[] {
  const starts = lineStarts(masked);
  const offsetOf = (position: { readonly line: number; readonly character: number }): number =>
    (starts[position.line] ?? masked.length) + position.character;
  return DockerfileParser.parse(masked)
    .getInstructions()
    .map((node) => {
      const { start, end } = node.getInstructionRange();
      const keywordRange = { startLine: start.line + 1, endLine: end.line + 1, start: offsetOf(start), end: offsetOf(end) };
      return { keyword: node.getKeyword(), keywordRange };
    });
}

/**
 * The first instruction on which the tree and our scanner differ, told in words; `undefined` when they agree. The scanner is right:
 * a difference is a flaw of the mask or of dockerfile-ast, and costs no more than the exact place of a keyword.
 */
export function compareWithScan(nodes: readonly SyntaxNode[], instructions: readonly ScannedInstruction[]): string | undefined {
  for (const [index, instruction] of instructions.entries()) {
    const { startLine } = instruction.range;
    const keyword = splitKeyword(instruction.line).keyword.toUpperCase();
    const node = nodes[index];
    if (node === undefined) return `line ${startLine}: ${keyword} is missing`;
    if (node.keywordRange.startLine !== startLine || node.keywordRange.start !== instruction.range.start) {
      return `line ${startLine}: ${keyword} was found at line ${node.keywordRange.startLine}`;
    }
  }
  const extra = nodes[instructions.length];
  return extra === undefined ? undefined : `line ${extra.keywordRange.startLine}: ${extra.keyword} is no instruction`;
}
