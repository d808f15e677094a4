import { constants } from 'node:os';
import { SeccompProfileError } from './errors.js';

/** A seccomp profile in the format that Docker and containers-common share, checked. */
export interface Profile {
  readonly defaultAction: Action;
  readonly defaultErrno: number;
  /** Undefined: every architecture of the machine. */
  readonly architectures: readonly Architectures[] | undefined;
  readonly rules: readonly Rule[];
}

export interface Architectures {
  readonly architecture: string;
  readonly subArchitectures: readonly string[];
}

export interface Rule {
  readonly names: readonly string[];
  readonly action: Action;
  readonly errno: number | undefined;
  readonly conditions: readonly Condition[];
  readonly includes: Circumstances;
  readonly excludes: Circumstances;
}

/** When a rule counts: all that is listed must hold (includes), or nothing of it (excludes). */
export interface Circumstances {
  readonly caps: readonly string[];
  readonly arches: readonly string[];
  readonly minKernel: string | undefined;
}

export interface Condition {
  readonly index: number;
  readonly value: bigint;
  readonly valueTwo: bigint;
  readonly op: Operator;
}

const OPERATORS = ['SCMP_CMP_NE', 'SCMP_CMP_LT', 'SCMP_CMP_LE', 'SCMP_CMP_EQ', 'SCMP_CMP_GE', 'SCMP_CMP_GT', 'SCMP_CMP_MASKED_EQ'] as const;
export type Operator = (typeof OPERATORS)[number];

/** `SCMP_ACT_NOTIFY` needs somebody who answers: only filters of our own have it. */
const ACTIONS = [
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_NOTIFY',
] as const;
export type Action = (typeof ACTIONS)[number];

const EPERM = 1;

type Fields = Readonly<Record<string, unknown>>;

/**
 * @param text JSON
 * @throws {SeccompProfileError} not of that format, or something in it that would make the filter weaker if it were passed over
 * @see https://github.com/containers/common/blob/main/pkg/seccomp/types.go
 */
export function parseProfile(text: string): Profile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SeccompProfileError(`it is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const fields = record(value, 'the profile');
  if (fields.listenerPath !== undefined && fields.listenerPath !== '')
    throw new SeccompProfileError('listenerPath is set, and nothing listens there');
  return {
    defaultAction: oneOf(ACTIONS, fields.defaultAction, 'defaultAction'),
    defaultErrno: errno(fields.defaultErrnoRet, fields.defaultErrno) ?? EPERM,
    architectures: readArchitectures(fields),
    rules: array(fields.syscalls, 'syscalls').map((rule, index) => readRule(record(rule, `syscalls[${index}]`), `syscalls[${index}]`)),
  };
}

function readArchitectures(fields: Fields): Architectures[] | undefined {
  if (fields.archMap !== undefined && fields.archMap !== null) {
    return array(fields.archMap, 'archMap').map((entry) => {
      const { architecture, subArchitectures } = record(entry, 'archMap');
      return {
        architecture: string(architecture, 'archMap.architecture'),
        subArchitectures: strings(subArchitectures, 'subArchitectures'),
      };
    });
  }
  const listed = strings(fields.architectures, 'architectures');
  // A plain list: whichever of them a machine has.
  return listed.length === 0 ? undefined : listed.map((architecture) => ({ architecture, subArchitectures: listed }));
}

function readRule(rule: Fields, where: string): Rule {
  const names = [...strings(rule.names, `${where}.names`), ...(typeof rule.name === 'string' && rule.name !== '' ? [rule.name] : [])];
  if (names.length === 0) throw new SeccompProfileError(`${where} names no system call`);
  return {
    names,
    action: oneOf(ACTIONS, rule.action, `${where}.action`),
    errno: errno(rule.errnoRet, rule.errno),
    conditions: array(rule.args, `${where}.args`).map((argument) => readCondition(record(argument, `${where}.args`), `${where}.args`)),
    includes: readCircumstances(rule.includes, `${where}.includes`),
    excludes: readCircumstances(rule.excludes, `${where}.excludes`),
  };
}

function readCondition(argument: Fields, where: string): Condition {
  const index = Number(argument.index ?? 0);
  if (!Number.isInteger(index) || index < 0 || index > 5) throw new SeccompProfileError(`${where}: there is no argument ${argument.index}`);
  return {
    index,
    value: wide(argument.value, where),
    valueTwo: wide(argument.valueTwo, where),
    op: oneOf(OPERATORS, argument.op, `${where}.op`),
  };
}

function readCircumstances(value: unknown, where: string): Circumstances {
  const fields = value === undefined || value === null ? {} : record(value, where);
  return {
    caps: strings(fields.caps, `${where}.caps`),
    arches: strings(fields.arches, `${where}.arches`),
    minKernel: fields.minKernel === undefined || fields.minKernel === '' ? undefined : kernelVersion(fields.minKernel, where),
  };
}

function kernelVersion(value: unknown, where: string): string {
  const text = string(value, `${where}.minKernel`);
  if (!/^\d+(\.\d+)*$/.test(text)) throw new SeccompProfileError(`${where}.minKernel: "${text}" is no version`);
  return text;
}

/** The number counts before the name. */
function errno(number: unknown, name: unknown): number | undefined {
  if (number !== undefined && number !== null) {
    const value = Number(number);
    if (!Number.isInteger(value) || value < 0 || value > 4095) throw new SeccompProfileError(`"${number}" is no error number`);
    return value;
  }
  if (name === undefined || name === null || name === '') return undefined;
  const known: Readonly<Record<string, number>> = constants.errno;
  const value = typeof name === 'string' ? known[name] : undefined;
  if (value === undefined) throw new SeccompProfileError(`"${name}" is no name of an error`);
  return value;
}

/** Numbers of JSON are exact up to 2^53; what is beyond has its upper half in the low bits of a double and cannot be meant. */
function wide(value: unknown, where: string): bigint {
  if (value === undefined || value === null) return 0n;
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new SeccompProfileError(`${where}: ${JSON.stringify(value)} is no number`);
  return BigInt.asUintN(64, BigInt(value));
}

function record(value: unknown, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SeccompProfileError(`${where} is no object`);
  return value as Fields;
}

function array(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new SeccompProfileError(`${where} is no list`);
  return value;
}

function strings(value: unknown, where: string): readonly string[] {
  return array(value, where).map((item) => string(item, where));
}

function string(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new SeccompProfileError(`${where}: ${JSON.stringify(value)} is no text`);
  return value;
}

function oneOf<T extends string>(words: readonly T[], value: unknown, where: string): T {
  const found = words.find((word) => word === value);
  if (found === undefined) throw new SeccompProfileError(`${where}: ${JSON.stringify(value)} is not known`);
  return found;
}
