import type { Containerfile, Instruction } from '../../parser/index.js';

/** The Containerfile with another image in its first FROM (`--from`); what else that says stays, and so do later ones of the same image. */
export function replaceFirstBase(containerfile: Containerfile, image: string): Containerfile {
  const first = containerfile.instructions.findIndex(({ keyword }) => keyword === 'FROM');
  const instructions = containerfile.instructions.map((instruction, at) => (at === first ? withImage(instruction, image) : instruction));
  return { ...containerfile, instructions };
}

function withImage(instruction: Instruction, image: string): Instruction {
  if (instruction.keyword !== 'FROM') return instruction;
  const replace = (text: string): string => text.replace(instruction.image, () => image);
  return { ...instruction, image, text: replace(instruction.text), display: replace(instruction.display) };
}
