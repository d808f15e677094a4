import { AND, branch, type Instruction, type Item, instruction, JUMP_AT_LEAST, JUMP_EQUAL, JUMP_GREATER, LOAD, link } from './bpf.js';
import type { Condition } from './profile.js';

// struct seccomp_data of linux/seccomp.h, little endian: the six arguments, 64 bits each
const argumentLow = (index: number): number => 16 + 8 * index;
const argumentHigh = (index: number): number => 20 + 8 * index;

/** All conditions hold: `yes`, else `no`. `no` is there once, after `yes`. */
export function compileConditions(
  conditions: readonly Condition[],
  yes: readonly Instruction[],
  no: readonly Instruction[],
): Instruction[] {
  let code: readonly Item[] = yes;
  for (const condition of [...conditions].reverse()) code = compileCondition(condition, code);
  return link([...code, { label: 'no' }, ...no]);
}

/** Checks of one argument, both halves of its 64 bits; falls into `yes` when it holds, goes to the label `no` otherwise. */
function compileCondition({ index, value, valueTwo, op }: Condition, yes: readonly Item[]): Item[] {
  const [high, low] = halves(value);
  const loadHigh = instruction(LOAD, argumentHigh(index));
  const loadLow = instruction(LOAD, argumentLow(index));
  const label = Symbol(op);
  switch (op) {
    case 'SCMP_CMP_EQ':
      return [loadHigh, branch(JUMP_EQUAL, high, undefined, 'no'), loadLow, branch(JUMP_EQUAL, low, undefined, 'no'), ...yes];
    case 'SCMP_CMP_NE':
      // Differing in either half is enough.
      return [loadHigh, branch(JUMP_EQUAL, high, undefined, label), loadLow, branch(JUMP_EQUAL, low, 'no', undefined), { label }, ...yes];
    case 'SCMP_CMP_MASKED_EQ': {
      // value is the mask, valueTwo what has to remain
      const [wantedHigh, wantedLow] = halves(valueTwo);
      return [
        ...[loadHigh, instruction(AND, high), branch(JUMP_EQUAL, wantedHigh, undefined, 'no')],
        ...[loadLow, instruction(AND, low), branch(JUMP_EQUAL, wantedLow, undefined, 'no')],
        ...yes,
      ];
    }
    case 'SCMP_CMP_GT':
    case 'SCMP_CMP_GE': {
      const last = op === 'SCMP_CMP_GT' ? JUMP_GREATER : JUMP_AT_LEAST;
      return [
        ...[loadHigh, branch(JUMP_GREATER, high, label, undefined), branch(JUMP_EQUAL, high, undefined, 'no')],
        ...[loadLow, branch(last, low, undefined, 'no')],
        { label },
        ...yes,
      ];
    }
    case 'SCMP_CMP_LT':
    case 'SCMP_CMP_LE': {
      const last = op === 'SCMP_CMP_LT' ? JUMP_AT_LEAST : JUMP_GREATER;
      return [
        ...[loadHigh, branch(JUMP_GREATER, high, 'no', undefined), branch(JUMP_EQUAL, high, undefined, label)],
        ...[loadLow, branch(last, low, 'no', undefined)],
        { label },
        ...yes,
      ];
    }
  }
}

function halves(value: bigint): [number, number] {
  return [Number((value >> 32n) & 0xffffffffn), Number(value & 0xffffffffn)];
}
