// linux/bpf_common.h, linux/filter.h
export const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
export const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
export const JUMP = 0x05; // BPF_JMP | BPF_JA
export const JUMP_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
export const JUMP_GREATER = 0x25; // BPF_JMP | BPF_JGT | BPF_K
export const JUMP_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
export const RETURN = 0x06; // BPF_RET | BPF_K

/** The most instructions that a program may have: BPF_MAXINSNS. */
export const MAX_INSTRUCTIONS = 4096;

/** One `struct sock_filter`. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

type Label = symbol | 'no';

/** A conditional jump to labels; undefined is the next instruction. */
export interface Branch {
  readonly code: number;
  readonly k: number;
  readonly whenTrue: Label | undefined;
  readonly whenFalse: Label | undefined;
}

export interface Place {
  readonly label: Label;
}

export type Item = Instruction | Branch | Place;

export function instruction(code: number, k: number): Instruction {
  return { code, jt: 0, jf: 0, k };
}

export function branch(code: number, k: number, whenTrue: Label | undefined, whenFalse: Label | undefined): Branch {
  return { code, k, whenTrue, whenFalse };
}

/** Compare the accumulator: `yes` when it holds, else `no`. A conditional jump reaches 255 instructions, an unconditional one all. */
export function choose(code: number, k: number, yes: readonly Instruction[], no: readonly Instruction[]): Instruction[] {
  if (no.length <= 255) return [{ code, jt: no.length, jf: 0, k }, ...no, ...yes];
  return [{ code, jt: 0, jf: 1, k }, instruction(JUMP, no.length), ...no, ...yes];
}

/** Replace labels by distances. @throws {RangeError} one is further than a conditional jump reaches */
export function link(code: readonly Item[]): Instruction[] {
  const places = new Map<Label, number>();
  const plain: (Instruction | Branch)[] = [];
  for (const item of code) {
    if ('label' in item) places.set(item.label, plain.length);
    else plain.push(item);
  }
  return plain.map((item, index) => {
    if (!('whenTrue' in item)) return item;
    const distance = (label: Label | undefined): number => (label === undefined ? 0 : (places.get(label) ?? Number.NaN) - index - 1);
    const [jt, jf] = [distance(item.whenTrue), distance(item.whenFalse)];
    if (!(jt <= 255 && jf <= 255)) throw new RangeError('a jump is too far');
    return { code: item.code, jt, jf, k: item.k };
  });
}

/** As seccomp(2) takes it: an array of `struct sock_filter`, little endian like every machine there is a table for. */
export function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(({ code, jt, jf, k }, index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jt, index * 8 + 2);
    bytes.writeUInt8(jf, index * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  });
  return bytes;
}
